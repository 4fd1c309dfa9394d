import { execFileSync } from "node:child_process";
import { mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const require = createRequire(`${process.env.NODE_TOOLS}/`);
const { drizzle } = require("drizzle-orm/node-postgres");
const { drizzle: drizzleJs } = require("drizzle-orm/postgres-js");
const { pgTable, integer, numeric, timestamp, serial, text, jsonb } = require("drizzle-orm/pg-core");
const { eq, and, gt, desc, sql, count, inArray } = require("drizzle-orm");
const orders = pgTable("orders", {
  id: integer().primaryKey(),
  customerId: integer("customer_id"),
  total: numeric(),
  createdAt: timestamp("created_at", { withTimezone: true }),
});
const customers = pgTable("customers", { id: integer().primaryKey(), country: text(), email: text() });
const jobs = pgTable("jobs", { id: serial().primaryKey(), name: text().notNull().unique(), data: jsonb() });
const folder = mkdtempSync(join(tmpdir(), "drizzle-"));
symlinkSync(join(process.env.NODE_TOOLS, "node_modules"), join(folder, "node_modules"));
writeFileSync(
  join(folder, "schema.ts"),
  `import { pgTable, serial, text, jsonb } from "drizzle-orm/pg-core"; export const jobs = pgTable("jobs", { id: serial().primaryKey(), name: text().notNull().unique(), data: jsonb() });`,
);
writeFileSync(
  join(folder, "drizzle.config.ts"),
  `export default { dialect: "postgresql", schema: "./schema.ts", out: "./out", dbCredentials: { url: process.env.DATABASE_URL + "?sslmode=disable" }, tablesFilter: ["jobs"] };`,
);
const kit = (...args) =>
  execFileSync(process.execPath, [join(folder, "node_modules/drizzle-kit/bin.cjs"), ...args], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
for (const step of [["generate"], ["migrate"], ["push", "--force"], ["introspect"]])
  try {
    kit(...step);
  } catch (error) {
    console.error("drizzle-kit", step[0], error.status);
  }
for (const make of [() => drizzle(process.env.DATABASE_URL), () => drizzleJs(process.env.DATABASE_URL)]) {
  const db = make();
  await db.select().from(orders).where(eq(orders.customerId, 5)).orderBy(desc(orders.createdAt)).limit(5);
  await db
    .select({ country: customers.country, n: count(), sum: sql`sum(${orders.total})` })
    .from(orders)
    .innerJoin(customers, eq(customers.id, orders.customerId))
    .groupBy(customers.country);
  await db.select({ id: customers.id }).from(customers).where(eq(customers.email, "customer3@mail.example"));
  await db
    .select()
    .from(orders)
    .where(and(gt(orders.total, "150"), inArray(orders.id, [1, 2, 3])));
  const [job] = await db
    .insert(jobs)
    .values({ name: `n${Math.floor(1)}`, data: { a: 1 } })
    .onConflictDoUpdate({ target: jobs.name, set: { data: { b: 2 } } })
    .returning();
  await db
    .update(jobs)
    .set({ data: { c: 3 } })
    .where(eq(jobs.id, job.id));
  await db.transaction(async (tx) => {
    await tx.select().from(jobs).where(eq(jobs.id, job.id)).for("update");
    await tx.delete(jobs).where(eq(jobs.id, job.id));
  });
  await db.execute(sql`select version()`);
  await db.$client.end();
}
