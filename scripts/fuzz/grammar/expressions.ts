import type { Random } from "../random.ts";
import { type Tree, tree } from "./tree.ts";

const text = tree("text");
const number = tree("number");
const any = tree("any");
const predicate = tree("predicate");

/** A relation in reach, with its columns by what they hold. */
export interface Reach {
  readonly alias: string;
  readonly texts: readonly string[];
  readonly numbers: readonly string[];
  readonly dates: readonly string[];
  /** The whole row has labels. */
  readonly rows: boolean;
}

export interface Choice {
  readonly random: Random;
  readonly from: readonly Reach[];
  /** Literals that predicates compare with. */
  readonly literals: readonly string[];
  /** The column that changes, chosen more often than others. */
  readonly focus: string;
  readonly depth: number;
}

const deeper = (choice: Choice): Choice => ({ ...choice, depth: choice.depth - 1 });

export function textOf(choice: Choice): Tree {
  const { random, depth } = choice;
  if (depth <= 0 || random.chance(0.2)) return textColumn(choice);
  const inner = () => textOf(deeper(choice));
  const count = () => numberOf(deeper(choice));
  const small = random.between(1, 6);
  return random.pick([
    () => text`lower(${inner()})`,
    () => text`upper(${inner()})`,
    () => text`reverse(${inner()})`,
    () => text`md5(${inner()})`,
    () => text`initcap(${inner()})`,
    () => text`substr(${inner()}, ${small}, 3)`,
    () => text`substring(${inner()} from ${small})`,
    () => text`substring(${inner()} from '([a-z]+)')`,
    () => text`left(${inner()}, ${small})`,
    () => text`right(${inner()}, ${small})`,
    () => text`(${inner()} || '-')`,
    () => text`concat(${inner()}, 'x', ${small})`,
    () => text`concat_ws('/', ${inner()}, ${inner()})`,
    () => text`replace(${inner()}, 'a', '')`,
    () => text`translate(${inner()}, 'aeiou', '12345')`,
    () => text`encode(convert_to(${inner()}, 'UTF8'), ${random.pick(["'hex'", "'base64'", "'escape'"])})`,
    () => text`split_part(${inner()}, '.', ${small})`,
    () => text`regexp_replace(${inner()}, '[aeiou]', '', 'g')`,
    () => text`(regexp_match(${inner()}, '(.)(.)'))[1]`,
    () => text`coalesce(${inner()}, 'none')`,
    () => text`nullif(${inner()}, 'kim.1@corp.example')`,
    () => text`greatest(${inner()}, 'm')`,
    () => text`least(${inner()}, ${inner()})`,
    () => text`case when ${predicateOf(deeper(choice))} then ${inner()} else 'other' end`,
    () => text`case when ${predicateOf(deeper(choice))} then 'yes' else 'no' end`,
    () => text`format('%s:%10s', ${inner()}, ${small})`,
    () => text`quote_literal(${inner()})`,
    () => text`${inner()}::varchar(5)`,
    () => text`${inner()}::name::text`,
    () => text`(${inner()})::bytea::text`,
    () => text`to_jsonb(${inner()})::text`,
    () => text`chr(65 + ${count()} % 26)`,
    () => text`to_hex(${count()}::bigint)`,
    () => text`to_char(${dateColumn(choice)}, 'YYYY-MM-DD HH24')`,
    () => text`${count()}::text`,
    () => text`lpad(${inner()}, ${small}, '*')`,
    () => text`repeat('ab', (${count()} % 5)::int)`,
    () => text`btrim(${inner()}, 'kx')`,
    () => text`array_to_string(string_to_array(${inner()}, null), ',')`,
    () => text`to_tsvector('simple', ${inner()})::text`,
    () => text`overlay(${inner()} placing 'zz' from 2)`,
    () => text`(select ${inner()})`,
    () => text`${inner()} collate "C"`,
    () => rowText(choice),
  ])();
}

function textColumn(choice: Choice): Tree {
  const one = choice.random.pick(choice.from);
  return text`${one.alias}.${focused(choice, one.texts)}`;
}

function focused({ random, focus }: Choice, columns: readonly string[]): string {
  const own = columns.filter((column) => column.startsWith(focus));
  return own.length > 0 && random.chance(0.6) ? random.pick(own) : random.pick(columns);
}

function dateColumn({ random, from }: Choice): Tree {
  const dated = from.filter(({ dates }) => dates.length > 0);
  if (dated.length === 0) return any`date '2026-01-02'`;
  const one = random.pick(dated);
  return any`${one.alias}.${random.pick(one.dates)}`;
}

/** The whole row as text, in the ways that PostgreSQL knows. */
function rowText(choice: Choice): Tree {
  const { random, from } = choice;
  const { alias, texts } = random.pick(from);
  const column = focused(choice, texts);
  return random.pick([
    () => text`${alias}::text`,
    () => text`row_to_json(${alias})::text`,
    () => text`to_jsonb(${alias})::text`,
    () => text`to_jsonb(${alias}) ->> '${column}'`,
    () => text`json_build_object('k', ${alias}.${column})::text`,
    () => text`row(${alias}.${column}, 1)::text`,
    () => text`(${alias}).${column}`,
    () => text`array[${alias}.${column}]::text`,
    () => text`md5(${alias}::text)`,
    () => text`jsonb_pretty(to_jsonb(${alias}))`,
    () => text`xmlforest(${alias}.${column})::text`,
    () => text`(array_agg(${alias}.${column}) over ())[1]`,
  ])();
}

export function numberOf(choice: Choice): Tree {
  const { random, depth } = choice;
  const inner = () => textOf(deeper(choice));
  const count = () => (depth <= 0 ? numberColumn(choice) : numberOf(deeper(choice)));
  if (depth < -1) return numberColumn(choice);
  return random.pick([
    () => numberColumn(choice),
    () => number`length(${inner()})`,
    () => number`ascii(${inner()})`,
    () => number`octet_length(${inner()})`,
    () => number`position('a' in ${inner()})`,
    () => number`strpos(${inner()}, '.')`,
    () => number`hashtext(${inner()})`,
    () => number`(${count()} + 1)`,
    () => number`(${count()} % 7)`,
    () => number`(100 / nullif(${count()}, 0))`,
    () => number`abs(${count()})`,
    () => number`extract(year from ${dateColumn(choice)})::int`,
    () => number`extract(doy from ${dateColumn(choice)})`,
    () => number`pg_column_size(${inner()})`,
    () => number`(case when ${predicateOf(deeper(choice))} then 1 else 2 end)`,
    () => number`(${predicateOf(deeper(choice))})::int`,
    () => number`array_length(string_to_array(${inner()}, 'e'), 1)`,
    () => number`jsonb_array_length(to_jsonb(string_to_array(${inner()}, 'e')))`,
    () => number`width_bucket(${count()}::numeric, 0, 100, 5)`,
  ])();
}

/** Fails or not, as the value is: an error is an answer too. */
export function failing(choice: Choice): Tree {
  const { random } = choice;
  const inner = () => textOf({ ...choice, depth: 1 });
  const count = () => numberOf({ ...choice, depth: 0 });
  return random.pick([
    () => number`(${inner()})::int`,
    () => number`(${inner()})::numeric`,
    () => number`1 / (${count()} - 12)`,
    () => number`1 / (ascii(${inner()}) - 75)`,
    () => number`1 / (length(${inner()}) % 2)`,
    () => any`(${inner()})::date`,
    () => any`(${inner()})::json`,
    () => any`(${inner()})::uuid`,
    () => any`(${inner()})::boolean`,
    () => any`(${inner()})::inet`,
    () => text`substr('abc', 1, 50 - ascii(${inner()}))`,
    () => number`(${count()} * 100000000)::int`,
    () => number`sqrt(100 - ascii(${inner()}))`,
    () => number`ln(length(${inner()}) - 2)`,
    () => text`(array['a', 'b'])[(${count()})::int]`,
    () => any`make_date(2020, length(${inner()}), 1)`,
    () => text`regexp_replace('x', ${inner()}, 'y')`,
    () => text`decode(${inner()}, 'base64')::text`,
    () => text`convert_from(convert_to(${inner()}, 'LATIN1'), 'UTF8')`,
    () => text`chr((ascii(${inner()}) - 70)::int)`,
    () => any`(select generate_series(1, 1 + length(${inner()}) % 2))`,
  ])();
}

function numberColumn(choice: Choice): Tree {
  const one = choice.random.pick(choice.from);
  return number`${one.alias}.${focused(choice, one.numbers)}`;
}

export function predicateOf(choice: Choice): Tree {
  const { random, literals, depth } = choice;
  const column = () => textColumn(choice);
  const inner = () => textOf({ ...choice, depth: Math.min(1, depth) });
  return random.pick([
    () => predicate`${numberColumn(choice)} = ${random.between(1, 8)}`,
    () => predicate`${numberColumn(choice)} < ${random.between(2, 9)}`,
    () => predicate`${column()} = '${random.pick(literals)}'`,
    () => predicate`${column()} in ('${random.pick(literals)}', '${random.pick(literals)}')`,
    () => predicate`${column()} like '${random.pick(["k%", "%e%", "_a%", "4%"])}'`,
    () => predicate`${column()} > '${random.pick(["g", "k", "5", "L"])}'`,
    () => predicate`${column()} between 'a' and 'm'`,
    () => predicate`${inner()} ~ '^[kK4]'`,
    () => predicate`${inner()} < ${inner()}`,
    () => predicate`starts_with(${column()}, 'k')`,
    () => predicate`length(${column()}) > ${random.between(3, 20)}`,
    () => predicate`${column()} is not null`,
    () => predicate`${dateColumn(choice)} > '1980-01-01'`,
    () => predicate`${column()} <> '${random.pick(literals)}'`,
    () => predicate`not (${column()} like 'k%')`,
    () => predicate`${column()} = any(array['${random.pick(literals)}'])`,
    () => predicate`exists (select 1 from customers x where x.email = ${column()})`,
    () => predicate`${column()} in (select x.email from customers_hist x)`,
    () => predicate`(${numberColumn(choice)} = 3 or ${column()} = 'nobody')`,
    () => predicate`(${column()}, 1) = ('${random.pick(literals)}', 1)`,
    () => predicate`coalesce(${column()}, '') = '${random.pick(literals)}'`,
    () => predicate`random() < 2 and ${numberColumn(choice)} > 0`,
  ])();
}

export function aggregateOf(choice: Choice): Tree {
  const { random } = choice;
  const inner = () => textOf({ ...choice, depth: 1 });
  const count = () => numberOf({ ...choice, depth: 0 });
  return random.pick([
    () => any`count(*)`,
    () => any`count(${inner()})`,
    () => any`count(distinct ${inner()})`,
    () => any`min(${inner()})`,
    () => any`max(${inner()})`,
    () => any`sum(${count()})`,
    () => any`avg(${count()})`,
    () => any`string_agg(${inner()}, ',' order by 1)`,
    () => any`string_agg(country, ',' order by ${inner()})`,
    () => any`array_agg(${inner()})`,
    () => any`json_agg(${inner()})`,
    () => any`jsonb_object_agg(${count()}, ${inner()})`,
    () => any`count(*) filter (where ${predicateOf({ ...choice, depth: 0 })})`,
    () => any`bool_or(${predicateOf({ ...choice, depth: 0 })})`,
    () => any`percentile_disc(0.5) within group (order by ${inner()})`,
    () => any`mode() within group (order by ${inner()})`,
    () => any`bit_xor(hashtext(${inner()}))`,
  ])();
}

export function windowOf(choice: Choice): Tree {
  const { random } = choice;
  const inner = () => textOf({ ...choice, depth: 0 });
  return random.pick([
    () => any`row_number() over (order by ${inner()})`,
    () => any`rank() over (partition by ${inner()} order by id)`,
    () => any`lag(${inner()}) over (order by id)`,
    () => any`first_value(id) over (order by ${inner()})`,
    () => any`ntile(3) over (order by ${inner()})`,
    () => any`count(*) over (partition by length(${inner()}))`,
    () => any`nth_value(${inner()}, 3) over ()`,
    () => any`count(*) over (order by ${inner()} range unbounded preceding)`,
  ])();
}
