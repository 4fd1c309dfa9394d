import { desc, eq, gt, inArray, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import { date, integer, numeric, pgTable, text } from "drizzle-orm/pg-core";
import pg from "pg";
import { endpoint, runScenarios } from "../shared/scenarios.mjs";

const pool = new pg.Pool({ ...endpoint, ssl: { rejectUnauthorized: false }, max: 3 });
pool.on("error", () => {});
const db = drizzle(pool);
const items = pgTable("items", {
  id: integer().primaryKey().generatedAlwaysAsIdentity(),
  name: text().unique(),
  note: text(),
});
const numbers = pgTable("numbers", { n: integer(), label: text() });
const customers = pgTable("customers", {
  id: integer().primaryKey(),
  name: text(),
  email: text(),
  ssn: text(),
  born: date(),
  balance: numeric(),
});
const names = () => db.select({ name: items.name }).from(items).orderBy(items.name);
/** Drizzle wraps the driver's error. */
const codeOf = (promise) =>
  promise.then(
    () => "no error",
    (error) => (error.cause ?? error).code ?? error.message,
  );

await runScenarios({
  connect: () => db.execute(sql`select current_database(), current_user::text`).then(({ rows }) => rows),
  simple: () => db.select().from(numbers).where(eq(numbers.n, 42)),
  prepared: async () => {
    const prepared = db
      .select({ label: numbers.label })
      .from(numbers)
      .where(eq(numbers.n, sql.placeholder("n")))
      .prepare("by_n");
    return [await prepared.execute({ n: 1 }), await prepared.execute({ n: 500 }), await prepared.execute({ n: -1 })];
  },
  transaction: async () => {
    const rolledBack = await codeOf(
      db.transaction(async (tx) => {
        await tx.insert(items).values({ name: "rolled back" });
        tx.rollback();
      }),
    );
    const kept = await db.transaction(
      (tx) =>
        tx
          .insert(items)
          .values([{ name: "a" }, { name: "b", note: "ü" }])
          .returning({ name: items.name }),
      { isolationLevel: "serializable" },
    );
    return [rolledBack, kept, await names()];
  },
  savepoint: () =>
    db.transaction(async (tx) => {
      const error = await codeOf(tx.transaction((inner) => inner.insert(items).values({ name: "a" })));
      await tx.insert(items).values({ name: "c" });
      return [error, await tx.select({ name: items.name }).from(items).orderBy(items.name)];
    }),
  "errors, then on": async () => [
    await codeOf(db.execute(sql`select 1/0`)),
    await codeOf(db.insert(customers).values({ id: 1 })),
    await names(),
  ],
  upsert: () =>
    db
      .insert(items)
      .values({ name: "a", note: "new" })
      .onConflictDoUpdate({ target: items.name, set: { note: "newer" } })
      .returning({ note: items.note }),
  update: () =>
    db
      .update(items)
      .set({ note: sql`upper(${"x"})` })
      .where(eq(items.name, "b"))
      .returning({ note: items.note }),
  delete: () =>
    db
      .delete(items)
      .where(inArray(items.name, ["c", "nothing"]))
      .returning({ name: items.name }),
  aggregate: () =>
    db
      .select({ n: sql`count(*)::int`, top: sql`max(${numbers.n})` })
      .from(numbers)
      .where(gt(numbers.n, 900)),
  join: () =>
    db
      .select({ id: customers.id, label: numbers.label })
      .from(customers)
      .innerJoin(numbers, eq(customers.id, numbers.n))
      .orderBy(desc(customers.id)),
  "big result": async () => (await db.select().from(numbers)).length,
  "many parameters": async () =>
    (
      await db
        .select()
        .from(numbers)
        .where(
          inArray(
            numbers.n,
            Array.from({ length: 20_000 }, (_, n) => n),
          ),
        )
    ).length,
  labelled: async () => [
    await db.select().from(customers).orderBy(customers.id),
    await db.select({ email: customers.email }).from(customers).where(eq(customers.id, 2)),
  ],
});
