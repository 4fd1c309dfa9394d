import { createRequire } from "node:module";

const require = createRequire(`${process.env.NODE_TOOLS}/`);
const knexFactory = require("knex");
const knex = knexFactory({ client: "pg", connection: process.env.DATABASE_URL });
await knex.schema.createTable("notes", (t) => {
  t.increments();
  t.string("title").notNullable().index();
  t.jsonb("data");
  t.timestamps(true, true);
  t.integer("order_id").references("orders.id");
});
await knex.schema.alterTable("notes", (t) => {
  t.boolean("done").defaultTo(false);
  t.unique(["title", "order_id"]);
});
await knex.schema.hasTable("notes");
await knex.schema.hasColumn("notes", "done");
await knex("notes").columnInfo();
const [row] = await knex("notes")
  .insert([
    { title: "a", order_id: 1, data: { x: 1 } },
    { title: "b", order_id: 2 },
  ])
  .returning(["id", "title"]);
await knex("notes").where({ id: row.id }).update({ done: true });
await knex("notes").insert({ title: "a", order_id: 1 }).onConflict(["title", "order_id"]).merge({ done: false });
await knex("orders").where("customer_id", 5).orderBy("created_at", "desc").limit(5);
await knex("orders as o")
  .join("customers as c", "c.id", "o.customer_id")
  .select("c.country")
  .sum("o.total as sum")
  .groupBy("c.country")
  .having(knex.raw("count(*) > ?", [3]));
await knex("products").whereRaw("attributes->>'weight' = ?", ["3"]).first();
await knex("products").whereIn("id", [1, 2, 3]).whereNotNull("title").pluck("title");
await knex("orders").count("* as n").where("total", ">", 50).first();
await knex
  .with("big", knex("orders").where("total", ">", 150))
  .select("id")
  .from("big")
  .limit(3);
await knex.transaction(async (trx) => {
  await trx("notes").where("title", "b").forUpdate().first();
  await trx("notes").where("title", "b").del();
});
await knex.schema.dropTable("notes");
await knex.destroy();
