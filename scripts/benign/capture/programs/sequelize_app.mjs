import { createRequire } from "node:module";

const require = createRequire(`${process.env.NODE_TOOLS}/`);
const { Sequelize, DataTypes, Op } = require("sequelize");
const db = new Sequelize(process.env.DATABASE_URL, { logging: false });
const Order = db.define(
  "Order",
  {
    id: { type: DataTypes.INTEGER, primaryKey: true },
    customer_id: DataTypes.INTEGER,
    total: DataTypes.DECIMAL,
    created_at: DataTypes.DATE,
  },
  { tableName: "orders", timestamps: false },
);
const Ticket = db.define("Ticket", {
  subject: { type: DataTypes.STRING, allowNull: false, unique: true },
  state: DataTypes.ENUM("new", "done"),
  data: DataTypes.JSONB,
  tags: DataTypes.ARRAY(DataTypes.STRING),
});
const Reply = db.define("Reply", { body: DataTypes.TEXT });
Ticket.hasMany(Reply);
Reply.belongsTo(Ticket);
await db.authenticate();
await db.sync();
await db.sync({ alter: true }).catch(() => {});
const t = await Ticket.create({ subject: "s1", state: "new", data: { a: 1 }, tags: ["x"] });
await Reply.bulkCreate([
  { body: "r1", TicketId: t.id },
  { body: "r2", TicketId: t.id },
]);
await Ticket.findAll({
  include: Reply,
  where: { state: { [Op.in]: ["new"] }, data: { a: 1 } },
  order: [["id", "DESC"]],
  limit: 5,
});
await Ticket.findOrCreate({ where: { subject: "s2" } });
await Ticket.findAndCountAll({ limit: 1 });
t.state = "done";
await t.save();
await Ticket.upsert({ id: t.id, subject: "s1b" });
await Order.findByPk(3);
await Order.sum("total", { where: { customer_id: 3 } });
await Order.findAll({ where: { customer_id: 9 }, order: [["created_at", "DESC"]] });
await Order.findAll({
  attributes: [
    [db.fn("date_trunc", "month", db.col("created_at")), "m"],
    [db.fn("count", "*"), "n"],
  ],
  group: ["m"],
});
await db.transaction(async (transaction) => {
  await Reply.destroy({ where: { TicketId: t.id }, transaction });
});
const q = db.getQueryInterface();
await q.showAllTables();
await q.describeTable("orders");
await q.describeTable("products");
await q.showIndex("orders");
await q.showAllSchemas();
await q.addColumn("Tickets", "extra", DataTypes.INTEGER);
await q.addIndex("Tickets", ["extra"]);
await q.removeColumn("Tickets", "extra");
await q.renameColumn("Replies", "body", "text");
await Reply.drop({});
await Ticket.drop({});
await db.close();
