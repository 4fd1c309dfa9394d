import { createRequire } from "node:module";

const require = createRequire(`${process.env.NODE_TOOLS}/`);
require("reflect-metadata");
const { DataSource, EntitySchema, Table, TableColumn, TableIndex } = require("typeorm");
const Order = new EntitySchema({
  name: "Order",
  tableName: "orders",
  synchronize: false,
  columns: {
    id: { type: Number, primary: true },
    customer_id: { type: Number },
    total: { type: "numeric" },
    created_at: { type: "timestamptz" },
  },
});
const Task = new EntitySchema({
  name: "Task",
  tableName: "tasks",
  columns: {
    id: { type: Number, primary: true, generated: true },
    title: { type: String },
    state: { type: "enum", enum: ["a", "b"], default: "a" },
    meta: { type: "jsonb", nullable: true },
  },
  indices: [{ columns: ["title"] }],
});
const db = new DataSource({
  type: "postgres",
  url: process.env.DATABASE_URL,
  entities: [Order, Task],
  synchronize: true,
  installExtensions: false,
});
await db.initialize();
const tasks = db.getRepository("Task");
await tasks.save([{ title: "one" }, { title: "two", meta: { a: 1 } }]);
await tasks.find({ where: { state: "a" }, order: { id: "DESC" }, take: 3 });
await tasks.findOneBy({ title: "two" });
await tasks.update({ title: "one" }, { state: "b" });
await tasks.createQueryBuilder("t").select("t.state", "s").addSelect("count(*)", "n").groupBy("t.state").getRawMany();
await tasks.increment({ title: "never" }, "id", 1);
await tasks.findAndCount({ skip: 0, take: 1 });
await tasks.upsert({ id: 1, title: "uno" }, ["id"]);
await db.getRepository("Order").findBy({ customer_id: 4 });
await db.transaction(async (m) => {
  await m.delete("Task", { title: "two" });
});
const q = db.createQueryRunner();
await q.getTables(["orders", "products", "order_items", "tasks"]);
await q.getView("order_totals").catch(() => {});
await q.hasTable("customers");
await q.hasSchema("warehouse");
await q.getDatabases().catch(() => {});
await q.createTable(new Table({ name: "extra", columns: [{ name: "id", type: "int", isPrimary: true }] }));
await q.addColumn("extra", new TableColumn({ name: "label", type: "varchar", isNullable: true }));
await q.createIndex("extra", new TableIndex({ columnNames: ["label"] }));
await q.dropTable("extra");
await q.release();
await db.synchronize();
await db.destroy();
