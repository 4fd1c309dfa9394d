import type { Random } from "../random.ts";
import {
  aggregateOf,
  type Choice,
  failing,
  numberOf,
  predicateOf,
  type Reach,
  textOf,
  windowOf,
} from "./expressions.ts";
import { type Tree, tree } from "./tree.ts";

const rows = tree("rows");
const query = tree("query");
const clause = tree("clause");
const any = tree("any");

/** How one statement is sent. */
export type Way = "simple" | "extended" | "binary" | "paged";

/** Statements of one attempt in order, on one connection. */
export interface Attempt {
  readonly way: Way;
  readonly steps: readonly Tree[];
}

const CUSTOMERS = ["full_name", "email", "ssn", "phone", "card"];
const RELATIONS: readonly (Reach & { readonly table: string })[] = [
  { table: "customers", alias: "c", texts: CUSTOMERS, numbers: ["id"], dates: ["dob"], rows: true },
  { table: "customers", alias: "c", texts: CUSTOMERS, numbers: ["id"], dates: ["dob"], rows: true },
  { table: "customers", alias: "c", texts: CUSTOMERS, numbers: ["id"], dates: ["dob"], rows: true },
  { table: "customers_hist", alias: "h", texts: CUSTOMERS, numbers: ["id"], dates: ["dob"], rows: true },
  {
    table: "people",
    alias: "p",
    texts: ["first_name", "last_name[1]", "mail::text", "last_name::text"],
    numbers: ["id", "mobile", "pan"],
    dates: ["birth_date"],
    rows: true,
  },
  { table: "v_plain", alias: "v", texts: ["email"], numbers: ["id"], dates: [], rows: true },
  { table: "v_expression", alias: "v", texts: ["contact", "both_numbers"], numbers: ["id"], dates: [], rows: true },
  { table: "v_join", alias: "v", texts: ["buyer"], numbers: ["id"], dates: [], rows: true },
  { table: "v_filter", alias: "v", texts: ["country"], numbers: ["id"], dates: [], rows: false },
  { table: "v_order", alias: "v", texts: ["place::text"], numbers: ["id", "place"], dates: [], rows: false },
  { table: "v_group", alias: "v", texts: ["many::text"], numbers: ["size", "many"], dates: [], rows: false },
  { table: "f_rows()", alias: "f", texts: ["email", "ssn"], numbers: ["id"], dates: ["dob"], rows: true },
];

export interface Setting {
  readonly random: Random;
  readonly literals: readonly string[];
  /** The cell that changes: most statements ask about it. */
  readonly focus: { readonly id: number; readonly column: string };
}

/** Only `customers` is asked by these. */
function focusText({ random, focus }: Setting): string {
  return CUSTOMERS.includes(focus.column) && random.chance(0.8) ? focus.column : random.pick(CUSTOMERS);
}

function idOf({ random, focus }: Setting): number {
  return random.chance(0.75) ? focus.id : random.between(1, 8);
}

export function attemptOf(setting: Setting): Attempt {
  const { random } = setting;
  const way = random.pick<Way>(["simple", "simple", "simple", "extended", "binary", "paged"]);
  const one = (step: Tree): Attempt => ({ way, steps: [step] });
  const inside = (...steps: readonly (Tree | string)[]): Attempt => ({
    way: "simple",
    steps: ["begin", ...steps, "rollback"].map((step) => (typeof step === "string" ? clause`${step}` : step)),
  });
  return random.pick<() => Attempt>([
    ...Array.from({ length: 14 }, () => () => one(selectOf(setting))),
    () => one(setOperation(setting)),
    () => one(setOperation(setting)),
    () => one(withQuery(setting)),
    () => one(withQuery(setting)),
    () => one(scalar(setting)),
    () => one(odd(setting)),
    () => one(odd(setting)),
    () => one(explain(setting)),
    () => one(copyOut(setting)),
    () => inside(change(setting)),
    () => inside(change(setting)),
    () =>
      inside(
        clause`declare k cursor for ${selectOf(setting)}`,
        `fetch ${random.between(1, 3)} from k`,
        "fetch all from k",
      ),
    () => ({
      way: "simple",
      steps: [clause`prepare q1 as ${selectOf(setting)}`, clause`execute q1`, clause`deallocate q1`],
    }),
    () => inside(clause`create temp view tv on commit drop as ${selectOf(setting)}`, "select * from tv"),
    () => one(sideChannel(setting)),
  ])();
}

/** Relations of a FROM and what they reach. */
function fromOf({ random }: Setting): { readonly from: Tree; readonly reach: readonly Reach[] } {
  const first = random.pick(RELATIONS);
  const plain = rows`${first.table} ${first.alias}`;
  if (random.chance(0.65)) return { from: plain, reach: [first] };
  const orders: Reach = { alias: "o", texts: ["remark"], numbers: ["id", "customer_id"], dates: [], rows: false };
  const second = random.pick(RELATIONS.filter(({ alias }) => alias !== first.alias));
  return random.pick([
    () => ({ from: rows`${plain} join orders o on o.customer_id = ${first.alias}.id`, reach: [first, orders] }),
    () => ({
      from: rows`orders o left join ${plain} on ${first.alias}.id = o.customer_id and o.id < 5`,
      reach: [first, orders],
    }),
    () => ({
      from: rows`${plain} join ${second.table} ${second.alias} on ${second.alias}.id = ${first.alias}.id`,
      reach: [first, second],
    }),
    () => ({ from: rows`(select * from ${first.table}) ${first.alias}`, reach: [first] }),
    () => ({ from: rows`(select * from ${first.table} order by 1 limit 3) ${first.alias}`, reach: [first] }),
    () => ({
      from: rows`${plain} cross join lateral (select ${first.alias}.${random.pick(first.texts)} as t, 1 as n) s`,
      reach: [first, { alias: "s", texts: ["t"], numbers: ["n"], dates: [], rows: true }],
    }),
    () => ({
      from: rows`${plain} cross join lateral regexp_split_to_table(${first.alias}.${random.pick(first.texts)}::text, '') s(t)`,
      reach: [first, { alias: "s", texts: ["t"], numbers: ['t::text::"char"::int'], dates: [], rows: true }],
    }),
    () => ({
      from: rows`${plain} cross join lateral generate_series(1, length(${first.alias}.${random.pick(first.texts)}::text) % 3) s(n)`,
      reach: [first, { alias: "s", texts: ["n::text"], numbers: ["n"], dates: [], rows: false }],
    }),
    () => ({ from: rows`${first.table} ${first.alias} tablesample system (100)`, reach: [first] }),
    () => ({ from: rows`${first.table} ${first.alias} natural join customers_hist h2`, reach: [first] }),
  ])();
}

function choiceOf({ random, literals, focus }: Setting, from: readonly Reach[]): Choice {
  return { random, literals, from, focus: focus.column, depth: random.between(0, 3) };
}

/** Mostly harmless conditions, so that most statements get as far as the rows. */
function where(setting: Setting, reach: readonly Reach[]): Tree {
  const { random } = setting;
  const { alias } = reach[0] ?? { alias: "c" };
  if (random.chance(0.55)) return clause` where ${alias}.${"id"} = ${idOf(setting)}`;
  if (random.chance(0.3)) return clause``;
  if (random.chance(0.5)) return clause` where ${alias}.id < ${random.between(3, 9)}`;
  return clause` where ${predicateOf({ ...choiceOf(setting, reach), depth: 1 })}`;
}

function tail(setting: Setting, choice: Choice): Tree {
  const { random } = setting;
  return random.pick([
    () => clause``,
    () => clause` limit ${random.between(1, 5)}`,
    () => clause` limit 50`,
    () => clause` order by ${random.between(1, 1)} limit 4`,
    () => clause` order by ${textOf({ ...choice, depth: 0 })} limit 4`,
    () => clause` order by id desc limit 3`,
    () => clause` limit (select length(${focusText(setting)}) % 4 from customers where id = ${idOf(setting)})`,
    () => clause` offset (select ascii(${focusText(setting)}) % 3 from customers where id = ${idOf(setting)}) limit 3`,
    () => clause` for update limit 2`,
    () => clause` fetch first 2 rows with ties`,
  ])();
}

function output(setting: Setting, choice: Choice): Tree {
  const { random } = setting;
  return random.pick([
    () => textOf(choice),
    () => textOf(choice),
    () => textOf(choice),
    () => any`${numberOf(choice)} as n`,
    () => any`${numberOf(choice)}, ${textOf(choice)}`,
    () => any`${failing(choice)}`,
    () => any`${windowOf(choice)}`,
    () => any`${predicateOf(choice)} as p`,
    () => any`${choice.from[0]?.alias ?? "c"}.*`,
    () => any`${choice.from[0]?.alias ?? "c"}`,
    () => any`1`,
    () => any`id, ${textOf(choice)} as e`,
    () => any`unnest(string_to_array(${textOf({ ...choice, depth: 0 })}, 'e'))`,
    () => any`generate_series(1, length(${textOf({ ...choice, depth: 0 })}) % 4)`,
    () => any`f_email(${choice.from[0]?.alias ?? "c"}.id)`,
  ])();
}

export function selectOf(setting: Setting): Tree {
  const { random } = setting;
  const { from, reach } = fromOf(setting);
  const choice = choiceOf(setting, reach);
  if (random.chance(0.15)) return query`select ${aggregateOf(choice)} from ${from}${where(setting, reach)}`;
  if (random.chance(0.12))
    return query`select ${textOf(choice)} as k, count(*) from ${from}${where(setting, reach)} group by 1${random.chance(0.4) ? clause` having ${aggregateOf(choice)} is not null` : clause``} limit 5`;
  const distinct = random.chance(0.08) ? clause`distinct ` : clause``;
  return query`select ${distinct}${output(setting, choice)} from ${from}${where(setting, reach)}${tail(setting, choice)}`;
}

function narrow(setting: Setting): Tree {
  const { random } = setting;
  const one = random.pick(RELATIONS);
  return query`select ${textOf(choiceOf(setting, [one]))}::text as t from ${one.table} ${one.alias}${where(setting, [one])}`;
}

function setOperation(setting: Setting): Tree {
  const { random } = setting;
  const operator = random.pick(["union", "union all", "intersect", "except", "except all"]);
  return random.pick([
    () => query`(${narrow(setting)}) ${operator} (${narrow(setting)})`,
    () => query`(${narrow(setting)}) ${operator} select 'kim.1@corp.example'`,
    () => query`select t from ((${narrow(setting)}) ${operator} (${narrow(setting)})) u limit 3`,
    () => query`select count(*) from ((${narrow(setting)}) ${operator} (select 'Kestrel Vane'::text)) u`,
    () => query`values ((${narrow(setting)} limit 1)), ('x')`,
  ])();
}

function withQuery(setting: Setting): Tree {
  const { random } = setting;
  return random.pick([
    () => query`with w as (${narrow(setting)}) select t from w limit 4`,
    () => query`with w as materialized (${narrow(setting)}) select length(t) from w limit 4`,
    () => query`with w(a) as (${narrow(setting)}), x as (select upper(a) b from w) select b, 1 from x limit 2`,
    () =>
      query`with recursive r(n, t) as (select 1, (select email from customers where id = 3) union all select n + 1, substr(t, 2) from r where n < 4) select t from r`,
    () =>
      query`with recursive r(n) as (select 1 union all select n + 1 from r where n < (select length(full_name) from customers where id = ${idOf(setting)})) select count(*) from r`,
    () => query`with w as (${narrow(setting)}) select o.id from orders o where o.remark in (select t from w) limit 3`,
    () =>
      query`with d as (update orders set remark = 'x' where id = 1 returning customer_id) select c.email from customers c join d on d.customer_id = c.id`,
    () => query`select w.t from (${narrow(setting)}) w order by 1 limit 2`,
    () => query`select (w).t from (${narrow(setting)} limit 3) w`,
    () => query`select row_to_json(w) from (${narrow(setting)} limit 3) w`,
  ])();
}

function scalar(setting: Setting): Tree {
  const { random } = setting;
  return random.pick([
    () => query`select (${narrow(setting)} limit 1)`,
    () => query`select array(${narrow(setting)} limit 3)`,
    () => query`select exists (${narrow(setting)})`,
    () => query`select o.id, (${narrow(setting)} limit 1) from orders o where o.id < 3`,
    () => query`select case when exists (${narrow(setting)}) then 1 else 2 end`,
    () => query`select coalesce((${narrow(setting)} limit 1), 'none')`,
    () => query`select o.contact from orders o where o.id = ${idOf(setting)}`,
    () => query`select json_build_object('a', (${narrow(setting)} limit 1))`,
    () => query`select o.id from orders o where o.total > (select length(email) from customers where id = 2) limit 3`,
    () => query`select 1 where (${narrow(setting)} limit 1) > 'k'`,
    () => query`select o.id from orders o order by (select email from customers c where c.id = o.customer_id) limit 3`,
  ])();
}

function odd(setting: Setting): Tree {
  const { random } = setting;
  const id = idOf(setting);
  return random.pick([
    () => query`table customers`,
    () => query`select * from customers where id = ${id}`,
    () => query`select c from customers c where c.id = ${id}`,
    () => query`select f_email(${id})`,
    () => query`select f_notice(${id})`,
    () => query`select f_error(${id})`,
    () => query`select * from f_rows() limit 3`,
    () =>
      query`do $$ declare v text; begin select email into v from customers where id = ${id}; raise notice '%', v; end $$`,
    () => query`do $$ begin perform 1 / (length(full_name) - 12) from customers where id = ${id}; end $$`,
    () => query`select count(*) from v_filter`,
    () => query`select * from v_order where id = ${id}`,
    () => query`select * from v_group limit 9`,
    () => query`select xmin is null, ctid, id from customers where id = ${id}`,
    () => query`select pg_column_size(c.*) from customers c where id = ${id}`,
    () => query`select * from query_to_xml('select email from customers where id = ${id}', true, false, '')`,
    () => query`select * from json_to_record((select mail::json from people where id = ${id})) as x(home text)`,
    () => query`select mail -> 'home', mail #>> '{home}', last_name[1], mobile % 10 from people where id = ${id}`,
    () => query`select jsonb_each_text(mail) from people where id = ${id}`,
    () => query`select mobile, pan, birth_date, mail, last_name, first_name from people limit 4`,
    () => query`select email from customers where current_date > dob limit 3`,
  ])();
}

function explain(setting: Setting): Tree {
  const { random } = setting;
  const options = random.pick([
    "",
    "(verbose)",
    "(format json)",
    "(analyze, timing off, summary off, buffers off)",
    "(costs off)",
    "(analyze, timing off, summary off, buffers off, format yaml)",
  ]);
  return query`explain ${options} ${selectOf(setting)}`;
}

function copyOut(setting: Setting): Tree {
  const { random } = setting;
  const options = random.pick(["", " with (format csv, header)", " with (format binary)", " csv quote '|'"]);
  return random.pick([
    () => query`copy (${selectOf(setting)}) to stdout${options}`,
    () => query`copy customers (id, email) to stdout${options}`,
    () => query`copy customers to stdout${options}`,
    () => query`copy orders to stdout${options}`,
  ])();
}

function change(setting: Setting): Tree {
  const { random } = setting;
  const id = idOf(setting);
  const choice = choiceOf(setting, [RELATIONS[0] as Reach]);
  return random.pick([
    () => query`update customers c set country = 'XX' where c.id = ${id} returning ${textOf(choice)}`,
    () => query`update customers c set country = 'XX' where ${predicateOf(choice)}`,
    () => query`update customers c set country = ${textOf(choice)} where id = ${id} returning country`,
    () =>
      query`update orders o set total = ${numberOf(choice)} from customers c where c.id = o.customer_id and o.id = ${id} returning o.total`,
    () =>
      query`update orders o set remark = 'y' from customers c where c.id = o.customer_id and ${predicateOf(choice)} returning o.id`,
    () => query`delete from customers c where c.id = ${id} returning *`,
    () => query`delete from customers c where ${predicateOf(choice)} returning c.id`,
    () =>
      query`insert into orders (id, remark) select 100 + c.id, ${textOf(choice)} from customers c where c.id = ${id} returning remark`,
    () => query`insert into customers (id, email) values (99, '${random.pick(setting.literals)}')`,
    () =>
      query`insert into customers (id, email) values (99, '${random.pick(setting.literals)}') on conflict do nothing`,
    () =>
      query`insert into customers (id, email) values (${id}, 'new@corp.example') on conflict (id) do update set country = customers.email returning country`,
    () =>
      query`merge into orders o using customers c on o.customer_id = c.id and ${predicateOf(choice)} when matched then update set total = 1`,
    () => query`select c.email into temp stolen from customers c where c.id = ${id}`,
    () => query`create temp table stolen on commit drop as ${selectOf(setting)}`,
    () => query`lock table customers in share mode`,
  ])();
}

/** Ways out past the rows. */
function sideChannel(setting: Setting): Tree {
  const { random } = setting;
  const id = idOf(setting);
  return random.pick([
    () => query`select set_config('application_name', ${focusText(setting)}, false) from customers where id = ${id}`,
    () => query`select pg_notify('c', ${focusText(setting)}) from customers where id = ${id}`,
    () => query`select setseed(length(${focusText(setting)}) / 100.0) from customers where id = ${id}`,
    () => query`select pg_try_advisory_xact_lock(length(${focusText(setting)})) from customers where id = ${id}`,
    () => query`select most_common_vals, n_distinct, histogram_bounds from pg_stats where tablename = 'customers'`,
    () => query`select avg_width from pg_stats where tablename = 'customers' and attname = 'email'`,
    () => query`select stawidth, stadistinct from pg_statistic where starelid = 'customers'::regclass`,
    () => query`select relpages, reltuples from pg_class where relname = 'customers'`,
    () => query`select pg_relation_size('customers'), pg_table_size('people')`,
    () => query`select pg_sleep(0 * length(${focusText(setting)})) from customers where id = ${id}`,
    () => query`select lo_from_bytea(0, ${focusText(setting)}::bytea) from customers where id = ${id}`,
    () =>
      query`select * from customers where id = ${id} and ${focusText(setting)} = current_setting('application_name')`,
    () => query`select nextval(pg_get_serial_sequence(${focusText(setting)}, 'id')) from customers where id = ${id}`,
    () => query`select ${focusText(setting)}::regclass from customers where id = ${id}`,
    () => query`select has_table_privilege(${focusText(setting)}, 'select') from customers where id = ${id}`,
    () => query`select to_regclass(${focusText(setting)}), to_date(ssn, 'YYYY') from customers where id = ${id}`,
  ])();
}
