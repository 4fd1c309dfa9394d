import type { Duplex } from "node:stream";
import { UNSAFE_FUNCTIONS } from "@tidewaiter/toolkit/labels/catalog";
import { reachesData } from "@tidewaiter/toolkit/sql/dangerous-functions";
import { loadTypes } from "./load-types.ts";
import type { CatalogRows } from "./postgres-catalog.ts";
import type { TextRows } from "./query.ts";
import { QueryError, queryRows } from "./query.ts";

/**
 * pg_get_viewdef locks the view and every table below it, so it waits for DDL of a transaction that is open. All sessions
 * of the database may be waiting for us, the one with that transaction among them: nothing here may wait for long.
 */
const SETTINGS = "set search_path = pg_catalog; set lock_timeout = '100ms'; set statement_timeout = '20s'";
const SHORT_LOCK_TIMEOUT = "set lock_timeout = '10ms'";

const COLUMNS = `
  select c.oid, n.nspname, c.relname, a.attname, a.attnum, a.attgenerated <> ''
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_attribute a on a.attrelid = c.oid
   where c.relkind in ('r', 'v', 'm', 'f', 'p', 'S') and a.attnum > 0 and not a.attisdropped
   order by c.oid, a.attnum`;
const VIEWS = `
  select c.oid, pg_catalog.pg_get_viewdef(c.oid)
    from pg_catalog.pg_class c where c.relkind in ('v', 'm') and c.oid >= 16384`;
const VIEW_OIDS = "select c.oid from pg_catalog.pg_class c where c.relkind in ('v', 'm') and c.oid >= 16384";
const PARENTS = "select inhrelid, inhparent from pg_catalog.pg_inherits";
const FUNCTIONS = "select distinct proname, oid >= 16384 from pg_catalog.pg_proc";
/** `row.name` calls a function whose other arguments have defaults, too; its argument may be any row (pseudo-types). */
const ROW_FUNCTIONS = `
  select distinct p.proname
    from pg_catalog.pg_proc p join pg_catalog.pg_type t on t.oid = p.proargtypes[0]
   where p.oid >= 16384 and p.pronargs - p.pronargdefaults <= 1 and t.typtype in ('c', 'd', 'p')`;
const BUILTIN_FUNCTIONS = "select oid, proname from pg_catalog.pg_proc where oid < 16384";
const OPERATORS = "select distinct oprname from pg_catalog.pg_operator where oid >= 16384";

/**
 * Reads what label resolution needs from pg_catalog. Every name is schema-qualified, since the role's search_path is not
 * ours. Any role may read these catalogs.
 */
export async function loadCatalog(stream: Duplex): Promise<CatalogRows> {
  await queryRows(stream, SETTINGS);
  const columns = await queryRows(stream, COLUMNS);
  const views = await viewDefinitions(stream);
  const inherits = await queryRows(stream, PARENTS);
  const functions = await queryRows(stream, FUNCTIONS);
  const operators = await queryRows(stream, OPERATORS);
  const builtin = await queryRows(stream, BUILTIN_FUNCTIONS);
  const rowFunctions = await queryRows(stream, ROW_FUNCTIONS);
  const types = await loadTypes(stream);
  const parents = new Map<number, number[]>();
  for (const [child, parent] of numbers(inherits)) parents.set(child, [...(parents.get(child) ?? []), parent]);
  return {
    types,
    columns: columns.map(([oid, schema, relation, column, attnum, generated]) => ({
      oid: Number(oid),
      schema: schema ?? "",
      relation: relation ?? "",
      column: column ?? "",
      attnum: Number(attnum),
      generated: generated === "t",
    })),
    views: new Map(views.map(([oid, definition]) => [Number(oid), definition ?? ""])),
    parents,
    builtinFunctions: namesWhere(functions, "f"),
    userFunctions: namesWhere(functions, "t"),
    userOperators: new Set(operators.map(([name]) => name ?? "")),
    rowFunctions: new Set(rowFunctions.map(([name]) => name ?? "")),
    reachingFunctions: new Set(builtin.filter(([, name]) => readsMore(name ?? "")).map(([oid]) => Number(oid))),
  };
}

/** One by one where some are locked: those are left without a definition, which counts as one over everything. */
async function viewDefinitions(stream: Duplex): Promise<TextRows> {
  const all = await unlessLocked(stream, VIEWS);
  if (all !== undefined) return all;
  await queryRows(stream, SHORT_LOCK_TIMEOUT);
  const found: (readonly (string | null)[])[] = [];
  for (const [oid] of await queryRows(stream, VIEW_OIDS)) {
    const rows = await unlessLocked(stream, `select pg_catalog.pg_get_viewdef(${Number(oid)})`);
    found.push([oid ?? null, rows?.[0]?.[0] ?? null]);
  }
  return found;
}

/** lock_not_available */
const LOCKED = "55P03";

async function unlessLocked(stream: Duplex, sql: string): Promise<TextRows | undefined> {
  try {
    return await queryRows(stream, sql);
  } catch (error) {
    if (error instanceof QueryError && error.code === LOCKED) return undefined;
    throw error;
  }
}

function readsMore(name: string): boolean {
  return UNSAFE_FUNCTIONS.has(name) || reachesData(name);
}

function numbers(rows: TextRows): readonly [number, number][] {
  return rows.map(([a, b]) => [Number(a), Number(b)]);
}

function namesWhere(rows: TextRows, flag: string): ReadonlySet<string> {
  return new Set(rows.filter(([, user]) => user === flag).map(([name]) => name ?? ""));
}
