import type { StatementFacts } from "@tidewaiter/core/sql-facts";
import { expect, it } from "vitest";
import { loadClassifier } from "./classifier.ts";

const classifier = await loadClassifier();

function facts(sql: string): StatementFacts {
  const result = classifier.classify(sql);
  const [first] = result.ok ? result.statements : [];
  if (first === undefined) throw new Error(sql);
  return first;
}

it.each(["0 = 1", "1=0", "false", "id = 3 and false", "1 = 2 and name like 'a%'"])(
  "WHERE %s returns no row",
  (where) => {
    expect(facts(`select * from customers where ${where}`).limit).toBe(0);
  },
);

it.each(["1 = 1", "0 = 0", "true", "id = 1", "false or true", "'a' = 'a'", "not false", "1 <> 0"])(
  "WHERE %s may",
  (where) => expect(facts(`select * from customers where ${where}`).limit).toBeUndefined(),
);

it("SET ... TO DEFAULT is a RESET", () => {
  expect(facts("set session authorization default").set).toEqual({ name: "session_authorization", scope: "reset" });
  expect(facts("set role to default").set).toEqual({ name: "role", scope: "reset" });
  expect(facts("set role none").set?.scope).toBe("session");
});

it("set_config of a harmless setting to a constant is harmless, anything else is not", () => {
  const dangers = (call: string) => facts(`select ${call} from customers`).dangerous.map(({ name }) => name);
  expect(dangers("set_config('jit', 'off', false)")).toEqual([]);
  expect(dangers("set_config('jit', $1, false)")).toEqual([]);
  expect(dangers("set_config('statement_timeout', '5s', true)")).toEqual([]);
  expect(dangers("set_config('bytea_output', 'hex', false)")).toEqual([]);
  expect(dangers("set_config('bytea_output', email, false)")).toEqual(["set_config"]);
  expect(dangers("set_config('jit', email, false)")).toEqual(["set_config"]);
  expect(dangers("set_config($1, 'off', false)")).toEqual(["set_config"]);
  expect(dangers("set_config('role', 'postgres', false)")).toEqual(["set_config"]);
  expect(dangers("set_config('jit' || '', 'off', false)")).toEqual(["set_config"]);
});

it("x.* of a sub-select is what x is: PostgREST embeds rows so", () => {
  const columns = (sql: string) => facts(sql).columns.map(({ name, qualifier }) => `${qualifier ?? ""}.${name}`);
  const inner = "(select id, country from customers) x";
  expect(columns(`select row_to_json(x.*) from ${inner}`)).toEqual(columns(`select row_to_json(x) from ${inner}`));
  expect(columns(`select row_to_json(x.*) from ${inner}`)).not.toContain("x.*");
  expect(columns("select row_to_json(x.*) from (select email from customers) x")).toContain(".email");
  expect(columns("select row_to_json(c.*) from customers c")).toContain("c.*");
  expect(columns("select row_to_json(x.*) from (select * from customers) x")).toContain("customers.*");
  expect(columns("select (x.c).* from (select c from customers c) x").some((name) => name.endsWith("*"))).toBe(true);
  expect(columns("select row_to_json(j.*) from (customers c join orders o on o.id = c.id) j")).toEqual(
    expect.arrayContaining(["c.*", "o.*"]),
  );
});

it("a function's column definitions are all of its columns", () => {
  const names = (sql: string) => facts(sql).columns.map(({ name }) => name);
  const record = (argument: string) =>
    `select f(x.a) from (select * from json_to_record(${argument}) as r(a integer)) x`;
  expect(names(record("$1::json"))).toEqual([]);
  expect(names("select f(x.b) from (select * from json_to_record($1::json) as r(a integer)) x")).toEqual([]);
  expect(names("select x.a from customers c, lateral json_to_record(c.doc) as x(a integer)")).toContain("doc");
});

it("ORDER BY takes an output before a relation of the same name", () => {
  const columns = (sql: string) => facts(sql).columns.map(({ name, use }) => `${name}:${use}`);
  const counted = "select country, count(*) as customers from customers group by country";
  expect(columns(`${counted} order by customers desc`)).toEqual(columns(counted));
  expect(columns("select email as x from customers order by x")).toContain("email:order");
  expect(columns(`${counted} order by customers.id`)).toContain("id:order");
  expect(columns("select 1 as a from customers group by customers")).toContain("*:group");
});
