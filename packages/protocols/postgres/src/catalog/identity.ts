import type { Duplex } from "node:stream";
import { QueryError, queryRows } from "./query.ts";

/** Which server and database a connection leads to, and a stamp of what its catalogs hold. */
export interface ServerIdentity {
  /** `system_identifier` in decimal; a physical replica has its primary's. Empty where the role may not read it. */
  readonly systemId: string;
  readonly databaseOid: number;
  readonly database: string;
  /** Equal stamps of one database: nothing that labels depend on has changed between. */
  readonly stamp: string;
}

const SYSTEM = "select system_identifier from pg_catalog.pg_control_system()";

/**
 * Every change of a catalog row makes a version with a newer xmin, so that number and sum of the xmins of what labels are
 * resolved by tell any change; physical replicas have the same ones. Temporary relations are left out. Operators and types are qualified: this
 * also runs on clients' connections, whose search_path is not ours.
 */
const STAMP = `
  select d.oid, d.datname, pg_catalog.concat_ws(' ',
    (select ${stampOf("c")} from pg_catalog.pg_class c
      where ${user("c.oid")} and c.relpersistence operator(pg_catalog.<>) 't' and ${relations("c.relkind")}),
    (select ${stampOf("a")} from pg_catalog.pg_class c
       join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) c.oid and a.attnum operator(pg_catalog.>) 0
      where ${user("c.oid")} and c.relpersistence operator(pg_catalog.<>) 't' and ${relations("c.relkind")}),
    (select ${stampOf("r")} from pg_catalog.pg_rewrite r where ${user("r.ev_class")}),
    (select ${stampOf("p")} from pg_catalog.pg_proc p where ${user("p.oid")}),
    (select ${stampOf("g")} from pg_catalog.pg_trigger g where not g.tgisinternal),
    (select ${stampOf("k")} from pg_catalog.pg_cast k where ${user("k.oid")}),
    (select ${stampOf("o")} from pg_catalog.pg_operator o where ${user("o.oid")}),
    (select ${stampOf("t")} from pg_catalog.pg_type t
      where ${user("t.oid")} and t.typtype operator(pg_catalog.<>) 'c' and t.typelem operator(pg_catalog.=) 0),
    (select ${stampOf("i")} from pg_catalog.pg_inherits i),
    (select ${stampOf("n")} from pg_catalog.pg_namespace n where n.nspname operator(pg_catalog.!~) '^pg_(toast_)?temp_'))
  from pg_catalog.pg_database d where d.datname operator(pg_catalog.=) pg_catalog.current_database()`;

function stampOf(alias: string): string {
  return `pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(${alias}.xmin::pg_catalog.text::pg_catalog.int8))`;
}

function user(oid: string): string {
  return `${oid} operator(pg_catalog.>=) 16384`;
}

function relations(kind: string): string {
  return `${kind} operator(pg_catalog.=) any ('{r,v,m,f,p}'::pg_catalog."char"[])`;
}

/**
 * Asks a connection that nobody else uses at the moment where it leads. Two statements; a role without the right to the
 * first gets an empty `systemId`.
 */
export async function identify(stream: Duplex): Promise<ServerIdentity> {
  const systemId = await systemIdentifier(stream);
  const [row] = await queryRows(stream, STAMP);
  const [oid, database, stamp] = row ?? [];
  if (oid == null || database == null || stamp == null) throw new Error("the target does not say which database it is");
  return { systemId, databaseOid: Number(oid), database, stamp };
}

/** Bindings of one are bindings of the other. */
export function sameServer(a: ServerIdentity, b: ServerIdentity): boolean {
  return a.systemId === b.systemId && a.databaseOid === b.databaseOid;
}

/** insufficient_privilege, undefined_function, feature_not_supported */
const NOT_TOLD = new Set(["42501", "42883", "0A000"]);

async function systemIdentifier(stream: Duplex): Promise<string> {
  try {
    const [row] = await queryRows(stream, SYSTEM);
    return row?.[0] ?? "";
  } catch (error) {
    if (error instanceof QueryError && NOT_TOLD.has(error.code)) return "";
    throw error;
  }
}
