import type { StatementFacts } from "@tidewaiter/core";
import { beforeAll, describe, expect, it } from "vitest";
import type { SqlClassifier } from "../sql/classifier.ts";
import { loadClassifier } from "../sql/classifier.ts";
import type { Catalog, CatalogRelation } from "./catalog.ts";
import { outputLabels, resolveLabels } from "./resolve-labels.ts";

const TABLES: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  customers: { id: [], email: ["pii.email"], ssn: ["pii.ssn"], country: [] },
  customers_hist: { id: [], email: ["pii.email"], ssn: ["pii.ssn"], country: [] },
  contacts: { id: [], mail: ["pii.email"] },
  guesses: { id: [], email: [], mail: [] },
};

const relations: readonly CatalogRelation[] = Object.entries(TABLES).map(([name, columns], index) => ({
  oid: 20_000 + index,
  schema: "public",
  name,
  opaque: false,
  columns: Object.entries(columns).map(([column, labels], at) => ({
    name: column,
    attnum: at + 1,
    labels,
    derived: false,
    generated: false,
  })),
}));

const CODE = { function: "mine", operator: "", attribute: "computed", type: "cast_type" } as const;

const catalog: Catalog = {
  hasLabels: true,
  labels: ["pii.email", "pii.ssn"],
  byOid: (oid) => relations.find((relation) => relation.oid === oid),
  find: (_, name) => relations.filter((relation) => relation.name === name),
  triggers: false,
  code: (called, { name }) => (CODE[called] === name ? [{ name: `public.${name}` }] : []),
  codeByOid: () => [],
};

let classifier: SqlClassifier;
beforeAll(async () => {
  classifier = await loadClassifier();
});

function factsOf(sql: string): StatementFacts {
  const classified = classifier.classify(sql);
  if (!classified.ok || classified.statements[0] === undefined) throw new Error(`cannot read: ${sql}`);
  return classified.statements[0];
}

describe("a labelled value that flows into a table", () => {
  it.each([
    "insert into customers_hist(email) select email from customers",
    "insert into customers_hist(id, email, ssn) select id, email, ssn from customers where id = 3",
    "insert into contacts(mail) select e from (select email as e from customers) s",
    "insert into customers(email, country) values ('a@b.c', 'fr')",
    "update customers set country = 'fr' where email = 'a@b.c'",
    "update contacts set mail = c.email from customers c where c.id = contacts.id",
    "merge into contacts t using customers s on t.id = s.id when matched then update set mail = s.email",
    "insert into guesses(id) select id from customers",
  ])("may go where its label follows: %s", (sql) => {
    expect(resolveLabels(factsOf(sql), catalog).laundering).toBe(false);
  });

  it.each([
    "insert into customers_hist(country) select email from customers",
    "insert into customers_hist(email) select ssn from customers",
    "insert into customers_hist(email) select reverse(email) from customers",
    "insert into customers_hist(email) select email || ssn from customers",
    "insert into customers_hist select * from customers",
    "insert into guesses(email) select email from customers",
    "insert into nowhere(email) select email from customers",
    "insert into customers_hist(email) select mine(email) from customers",
    "update customers set country = email",
    "update customers set email = reverse(email)",
    "update guesses set mail = c.email from customers c where c.id = guesses.id",
    "merge into guesses t using customers s on t.id = s.id when not matched then insert (email) values (s.email)",
    "insert into customers(id, country) values (1, 'x') on conflict (id) do update set country = customers.email",
    "create table t as select email from customers",
    "select email into t from customers",
    "with moved as (delete from customers returning email) insert into guesses(email) select email from moved",
    "do $$ begin end $$",
  ])("may not go elsewhere, nor changed: %s", (sql) => {
    expect(resolveLabels(factsOf(sql), catalog).laundering).toBe(true);
  });
});

describe("a join", () => {
  it.each([
    ["select 1 from customers c join customers_hist h on c.email = h.email", ["pii.email join"]],
    ["select 1 from customers c join contacts k on c.email = k.mail", ["pii.email join"]],
    ["select 1 from customers c join customers_hist h using (email)", ["pii.email join"]],
    ["select 1 from customers c join guesses g on c.email = g.email", ["pii.email expression"]],
    ["select 1 from customers c join guesses g on c.email = g.mail", ["pii.email expression"]],
    ["select 1 from customers c join guesses g using (email)", ["pii.email expression"]],
    ["select 1 from customers c, (values ('a')) v(x) where c.email = v.x", ["pii.email equality"]],
    ["select 1 from customers a join customers b on a.email = b.ssn", ["pii.email expression", "pii.ssn expression"]],
  ])("is one only within a label: %s", (sql, expected) => {
    const { predicates } = resolveLabels(factsOf(sql), catalog);
    expect(predicates.map(({ label, use }) => `${label} ${use}`).sort()).toEqual(expected);
  });
});

describe("a value without an origin", () => {
  it.each([
    ["select lower(email) from customers", ["pii.email"]],
    ["select count(*) from guesses", []],
    ["select mine(id) from customers", "unknown"],
  ])("carries what it was made from: %s", (sql, expected) => {
    expect(outputLabels(factsOf(sql), 0, 1, catalog)).toEqual(expected);
  });
});

describe("a function of a row, written like a column", () => {
  it.each([
    "select g.computed from guesses g",
    "select (g).computed from guesses g",
    "select 1::cast_type",
    "select (1::cast_type).ssn || ''",
    "select id from guesses g where g.computed = 'x'",
    "select s.g.computed from (select g from guesses g) s",
  ])("may read anything: %s", (sql) => {
    expect(resolveLabels(factsOf(sql), catalog).opaque).toBe(true);
  });

  it.each(["select g.id from guesses g", "select computed from guesses", "select 'computed'"])("is none: %s", (sql) => {
    expect(resolveLabels(factsOf(sql), catalog).opaque).toBe(false);
  });
});
