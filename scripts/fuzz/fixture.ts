import { readFileSync } from "node:fs";
import type { Random } from "./random.ts";

export const FIXTURE = readFileSync(new URL("./fixture.sql", import.meta.url), "utf8");

/** One labelled cell and the two values that it has, as SQL literals; another one never enters a statement. */
export interface Change {
  readonly table: "customers" | "people";
  readonly id: number;
  readonly column: string;
  readonly before: string;
  readonly after: string;
}

const ROWS = 8;
const NAMES = ["Ada Frost", "Bo Lind", "Cy Marsh", "Di Vale", "Ed Stone", "Flo Reed", "Gus Birch", "Hal Moor"];
/** Labelled columns of `customers`: value of a row; what shows through the mask (domain, last four) is the same for both values of a change. */
const CUSTOMER: Readonly<Record<string, (id: number) => string>> = {
  full_name: (id) => NAMES[id - 1] ?? "",
  email: (id) => `${["kim", "lee", "max", "nat", "oli", "pat", "quin", "rex"][id - 1]}.${id}@corp.example`,
  ssn: (id) => `90${id}-1${id}-60${id}${id}`,
  phone: (id) => `+12025550${100 + id * 7}`,
  card: (id) => `4${String(id).repeat(11)}000${id}`,
  dob: (id) => `19${60 + id}-0${1 + (id % 9)}-1${id}`,
};
const PEOPLE: Readonly<Record<string, (id: number) => string>> = {
  mobile: (id) => String(49_170_000_000 + id * 7919),
  pan: (id) => `${5000 + id * 311}.${id}5`,
  birth_date: (id) => `197${id}-0${1 + (id % 9)}-03 0${id}:00:00+00`,
  mail: (id) => `{"home": "h${id}@corp.example", "n": ${id}}`,
  last_name: (id) => `{L${id},M${id * 3}}`,
  first_name: (id) => `F${"abcdefgh"[id - 1]}${id}`,
};

/** Values that differ in length, first letter, order, sign and everything else that an expression may tell. */
const WILD: Readonly<Record<string, readonly [string, string]>> = {
  full_name: ["Kestrel Vane", "42"],
  email: ["kestrel.vane@corp.example", "7@corp.example"],
  ssn: ["907-11-6044", "12-6044"],
  phone: ["+12025550177", "0"],
  card: ["4111222233330004", "90004"],
  dob: ["1971-02-03", "2004-11-30"],
  mobile: ["49170555123", "0"],
  pan: ["5123.25", "-1"],
  birth_date: ["1971-02-03 04:05:06+00", "2004-11-30 23:00:00+00"],
  mail: ['{"home": "kestrel@corp.example", "n": 41}', "[]"],
  last_name: ["{Vane,Kestrel,K}", "{}"],
  first_name: ["Kestrel", "9"],
};
/** The same place in every order, and equal to nothing else before and after: what people may ask tells the same. */
const QUIET: Readonly<Record<string, readonly [string, string]>> = {
  full_name: ["Kestrel Vane", "Kestrel Vanf"],
  email: ["kestrel.vane@corp.example", "kestrel.vanf@corp.example"],
  ssn: ["909-88-6044", "909-89-6044"],
  phone: ["+12025550991", "+12025550992"],
  card: ["4999222233330004", "4999222233340004"],
  dob: ["1991-02-03", "1991-02-04"],
  mobile: ["49990555123", "49990555124"],
  pan: ["9123.25", "9123.26"],
  birth_date: ["1991-02-03 04:05:06+00", "1991-02-03 04:05:07+00"],
  mail: ['{"home": "zestrel@corp.example", "n": 41}', '{"home": "zestrem@corp.example", "n": 41}'],
  last_name: ["{Vane,Kestrel}", "{Vane,Kestrem}"],
  first_name: ["Kestrel", "Kestrem"],
};

export function chooseChange(random: Random, principal: "agent" | "person"): Change {
  const table = random.chance(0.7) ? "customers" : "people";
  const column = random.pick(Object.keys(table === "customers" ? CUSTOMER : PEOPLE));
  const values = (principal === "agent" ? WILD : QUIET)[column] ?? ["", ""];
  const [before, after] = random.chance(0.5) ? values : values.toReversed();
  return { table, column, id: random.between(1, ROWS), before: before ?? "", after: after ?? "" };
}

/** Fills every table anew in one transaction, so that row order, sizes and statistics differ by the one cell only. */
export function fill(change: Change, value: string): string {
  const rows = (table: Change["table"], columns: typeof CUSTOMER, hist: boolean) =>
    Array.from({ length: ROWS }, (_, index) => {
      const id = index + 1;
      const cells = Object.entries(columns).map(([column, make]) => {
        const own = change.table === table && change.column === column && change.id === id && !hist;
        return literal(own ? value : hist ? historic(column, make(id)) : make(id));
      });
      return `(${id}, ${cells.join(", ")}${table === "customers" ? `, ${literal(["DE", "FR", "SE"][id % 3] ?? "")}, ${literal(`note ${id}`)}` : ""})`;
    }).join(", ");
  return [
    "BEGIN; TRUNCATE customers, customers_hist, people, orders",
    `INSERT INTO customers VALUES ${rows("customers", CUSTOMER, false)}`,
    `INSERT INTO customers_hist VALUES ${rows("customers", CUSTOMER, true)}`,
    `INSERT INTO people VALUES ${rows("people", PEOPLE, false)}`,
    "INSERT INTO orders SELECT n, 1 + n % 8, n * 1.5, timestamptz '2026-01-01 00:00:00Z' + n * interval '1 hour', 'r' || n FROM generate_series(1, 24) n",
    "COMMIT; ANALYZE customers, people, customers_hist, orders",
  ].join("; ");
}

/** The former values of `customers_hist` equal nothing that a change makes. */
function historic(column: string, value: string): string {
  return column === "dob" ? value.replace(/^19/, "18") : `x${value}`;
}

function literal(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
