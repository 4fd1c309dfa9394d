import type { SqlClassification, SqlName, StatementFacts } from "@tidewaiter/core";
import type { CalledAs, DatabaseCode } from "@tidewaiter/toolkit/labels/catalog";
import { UNSAFE_FUNCTIONS } from "@tidewaiter/toolkit/labels/catalog";

/** A function that did not come with the server. */
export interface FunctionRow {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** Its body and the defaults of its arguments, where it is written in SQL and they could be read. */
  readonly sql?: string;
  /** Of an aggregate: OIDs of the functions that it is made of. */
  readonly parts?: readonly number[];
  /** It computes from its arguments alone: of an extension that is known to, or a constructor of ranges. */
  readonly pure?: boolean;
}

/** Code of one database, as its catalogs list it. */
export interface CodeRows {
  /** Names of the functions that came with the server. */
  readonly builtinFunctions: ReadonlySet<string>;
  /** OIDs of those that read more than their arguments. */
  readonly reachingFunctions: ReadonlySet<number>;
  readonly functions: readonly FunctionRow[];
  /** Those that did not come with the server, and the function behind each. */
  readonly operators: readonly { readonly name: string; readonly oid: number }[];
  /** Name of a type, and a function that casts to or from it. */
  readonly casts: readonly { readonly name: string; readonly oid: number }[];
  /** OIDs of functions that `row.name` may call, since their only argument may be a row. */
  readonly rowFunctions: ReadonlySet<number>;
  /** Some relation has a trigger that did not come with a constraint. */
  readonly triggers: boolean;
}

/** PostgreSQL gives user objects OIDs from here on (FirstNormalObjectId). */
export const FIRST_USER_OID = 16384;
const SERVER_SCHEMAS: ReadonlySet<string> = new Set(["pg_catalog", "information_schema"]);
const MAX_BODY_BYTES = 64 * 1024;
/** What a body may do that the labels it names do not tell; nothing else, such as SQL in a string, can be read. */
const READABLE_CALLS: ReadonlySet<string> = new Set(["sequence"]);

type Classify = (sql: string) => SqlClassification;
/** Labels that the policy says a function reads; undefined: it does not speak of it. */
type Declared = (schema: string, name: string) => readonly string[] | undefined;

/** Finds what may run by a name or an OID, and keeps what was read of it. */
export class DatabaseCodes {
  readonly #rows: CodeRows;
  readonly #byOid = new Map<number, readonly DatabaseCode[]>();
  readonly #byName = new Map<string, FunctionRow[]>();
  readonly #functions = new Map<number, FunctionRow>();
  readonly #classify: Classify;
  readonly #declared: Declared;

  constructor(rows: CodeRows, classify: Classify, declared: Declared) {
    this.#rows = rows;
    this.#classify = classify;
    this.#declared = declared;
    for (const row of rows.functions) {
      this.#functions.set(row.oid, row);
      this.#byName.set(row.name, [...(this.#byName.get(row.name) ?? []), row]);
    }
  }

  called(as: CalledAs, { schema, name }: SqlName): readonly DatabaseCode[] {
    switch (as) {
      case "operator":
        return this.#behind(this.#rows.operators, name);
      case "type":
        return this.#behind(this.#rows.casts, name);
      case "attribute":
        return (
          (this.#byName.get(name) ?? [])
            .filter(({ oid }) => this.#rows.rowFunctions.has(oid))
            // no argument is written that would tell what its value is made of
            .flatMap(({ oid, schema }) => [...this.byOid(oid), { name: `${schema}.${name}`, opaque: true as const }])
        );
      case "function":
        return this.#named(schema, name);
    }
  }

  byOid(oid: number): readonly DatabaseCode[] {
    const present = this.#byOid.get(oid);
    if (present !== undefined) return present;
    // an aggregate is made of other functions; whatever it is, it does not have itself as a part
    this.#byOid.set(oid, []);
    const found = oid < FIRST_USER_OID ? this.#builtin(oid) : this.#codeOf(oid);
    this.#byOid.set(oid, found);
    return found;
  }

  /** Without a schema in any, since search_path may change under us. */
  #named(schema: string | undefined, name: string): readonly DatabaseCode[] {
    if (UNSAFE_FUNCTIONS.has(name)) return [{ name: `pg_catalog.${name}`, opaque: true }];
    const users = (this.#byName.get(name) ?? []).filter((row) => schema === undefined || row.schema === schema);
    if (users.length > 0) return users.flatMap(({ oid }) => this.byOid(oid));
    const builtin = schema === undefined ? this.#rows.builtinFunctions.has(name) : SERVER_SCHEMAS.has(schema);
    return builtin ? [] : [{ name: schema === undefined ? name : `${schema}.${name}`, unlisted: true }];
  }

  #behind(all: readonly { readonly name: string; readonly oid: number }[], name: string): readonly DatabaseCode[] {
    return all.filter((one) => one.name === name).flatMap(({ oid }) => this.byOid(oid));
  }

  #builtin(oid: number): readonly DatabaseCode[] {
    return this.#rows.reachingFunctions.has(oid) ? [{ name: `function ${oid}`, opaque: true }] : [];
  }

  #codeOf(oid: number): readonly DatabaseCode[] {
    const row = this.#functions.get(oid);
    if (row === undefined) return [{ name: `function ${oid}` }];
    const name = `${row.schema}.${row.name}`;
    const declared = this.#declared(row.schema, row.name);
    if (declared !== undefined) return [{ name, declared }];
    if (row.pure) return [];
    if (row.parts !== undefined && row.parts.length > 0) return row.parts.flatMap((part) => this.byOid(part));
    return row.sql === undefined ? [{ name }] : [new SqlFunction(name, row.sql, this.#classify)];
  }
}

/** Read when it is first called: a database may have thousands. */
class SqlFunction implements DatabaseCode {
  readonly name: string;
  readonly #sql: string;
  readonly #classify: Classify;
  #read: { readonly statements?: readonly StatementFacts[] } | undefined;

  constructor(name: string, sql: string, classify: Classify) {
    this.name = name;
    this.#sql = sql;
    this.#classify = classify;
  }

  get statements(): readonly StatementFacts[] | undefined {
    this.#read ??= readBody(this.#sql, this.#classify);
    return this.#read.statements;
  }
}

function readBody(sql: string, classify: Classify): { readonly statements?: readonly StatementFacts[] } {
  // with a backslash it means what standard_conforming_strings says at the time
  if (Buffer.byteLength(sql) > MAX_BODY_BYTES || sql.includes("\\")) return {};
  const classified = classify(sql);
  return classified.ok && classified.statements.every(isReadable) ? { statements: classified.statements } : {};
}

function isReadable({ opaque, class: statementClass, dangerous, into, prepared, cursor }: StatementFacts): boolean {
  return (
    !opaque &&
    (statementClass === "read" || statementClass === "write") &&
    (into ?? prepared ?? cursor) === undefined &&
    dangerous.every(({ category }) => READABLE_CALLS.has(category))
  );
}
