import { execFileSync } from "node:child_process";
import { mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "prisma-"));
symlinkSync(join(process.env.NODE_TOOLS, "node_modules"), join(folder, "node_modules"));
writeFileSync(join(folder, "package.json"), `{"type":"module"}`);
writeFileSync(
  join(folder, "schema.prisma"),
  `
generator client {
 provider = "prisma-client-js"
 output = "./client"
}
datasource db {
 provider = "postgresql"
}
model customers {
 id Int @id
 country String
 email String @unique
 orders orders[]
}
model orders {
 id Int @id
 customer_id Int
 total Decimal
 created_at DateTime @db.Timestamptz
 customers customers @relation(fields: [customer_id], references: [id])
 order_items order_items[]
}
model order_items {
 order_id Int
 position Int
 product_id Int
 quantity Int @default(1)
 orders orders @relation(fields: [order_id], references: [id])
 products products @relation(fields: [product_id], references: [id])
 @@id([order_id, position])
}
model products {
 id Int @id @default(autoincrement())
 code String @unique
 title String
 price Decimal
 attributes Json
 tags String[]
 order_items order_items[]
}
`,
);
writeFileSync(
  join(folder, "prisma.config.ts"),
  `export default { schema: "./schema.prisma", datasource: { url: process.env.DATABASE_URL } };`,
);
execFileSync(process.execPath, [join(folder, "node_modules/prisma/build/index.js"), "generate"], {
  cwd: folder,
  stdio: "inherit",
});
const require = createRequire(`${folder}/`);
const { PrismaClient } = require("./client");
const { PrismaPg } = require("@prisma/adapter-pg");
const db = new PrismaClient({ adapter: new PrismaPg({ connectionString: process.env.DATABASE_URL }) });
await db.orders.findUnique({ where: { id: 3 } });
await db.orders.findMany({
  where: { customer_id: 5, total: { gt: 1 } },
  orderBy: { created_at: "desc" },
  take: 5,
  include: { order_items: { include: { products: true } } },
});
await db.customers.findUnique({
  where: { email: "customer4@post.example" },
  select: { id: true, country: true, orders: { take: 2 } },
});
await db.customers.findFirst({ where: { id: 12 } });
await db.orders.aggregate({ _sum: { total: true }, _count: true, where: { customer_id: 7 } });
await db.orders.groupBy({ by: ["customer_id"], _sum: { total: true }, orderBy: { customer_id: "asc" }, take: 5 });
await db.products.findMany({
  where: {
    OR: [{ title: { contains: "Product 1", mode: "insensitive" } }, { tags: { has: "t3" } }],
    attributes: { path: ["weight"], equals: 3 },
  },
});
await db.orders.create({
  data: {
    id: 91000,
    customer_id: 3,
    total: 5,
    created_at: new Date(Date.UTC(2026, 2, 1)),
    order_items: { create: [{ position: 1, product_id: 4 }] },
  },
});
await db.order_items.updateMany({ where: { order_id: 91000 }, data: { quantity: { increment: 1 } } });
await db.orders.upsert({
  where: { id: 91000 },
  update: { total: 6 },
  create: { id: 91000, customer_id: 3, total: 6, created_at: new Date(0) },
});
await db.products.createMany({
  data: [{ code: "PR-0001", title: "p", price: 1, attributes: {}, tags: [] }],
  skipDuplicates: true,
});
await db.$transaction([
  db.order_items.deleteMany({ where: { order_id: 91000 } }),
  db.orders.delete({ where: { id: 91000 } }),
]);
await db.$transaction(async (tx) => {
  await tx.orders.count({ where: { customer_id: 1 } });
});
await db.$queryRaw`select country, count(*)::int as n from customers group by 1 order by 1`;
await db.$executeRaw`update warehouse.stock set amount = amount + 1 where product_id = ${3}`;
await db.orders.create({ data: { id: 1, customer_id: 1, total: 1, created_at: new Date(0) } }).catch(() => {});
await db.$disconnect();
