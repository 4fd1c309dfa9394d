import type { Duplex } from "node:stream";
import { loadCode } from "./load-code.ts";
import { loadTypes } from "./load-types.ts";
import type { CatalogRows } from "./postgres-catalog.ts";
import type { TextRows } from "./query.ts";
import { queryRows, unlessRefused } from "./query.ts";

/**
 * pg_get_viewdef locks the view and every table below it, so it waits for DDL of a transaction that is open. All sessions
 * of the database may be waiting for us, the one with that transaction among them: nothing here may wait for long.
 */
const SETTINGS = "set search_path = pg_catalog; set lock_timeout = '100ms'; set statement_timeout = '20s'";
const SHORT_LOCK_TIMEOUT = "set lock_timeout = '10ms'";

const COLUMNS = `
  select c.oid, n.nspname, c.relname, a.attname, a.attnum, a.attgenerated <> '', t.typname,
         case when c.relpersistence = 't' or c.relkind = 'S' then 'other'
              when c.relkind in ('v', 'm') then 'view' else 'table' end
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_attribute a on a.attrelid = c.oid
    join pg_catalog.pg_type t on t.oid = a.atttypid
   where c.relkind in ('r', 'v', 'm', 'f', 'p', 'S') and a.attnum > 0 and not a.attisdropped
   order by c.oid, a.attnum`;
const VIEWS = `
  select c.oid, pg_catalog.pg_get_viewdef(c.oid)
    from pg_catalog.pg_class c where c.relkind in ('v', 'm') and c.oid >= 16384`;
const VIEW_OIDS = "select c.oid from pg_catalog.pg_class c where c.relkind in ('v', 'm') and c.oid >= 16384";
const PARENTS = "select inhrelid, inhparent from pg_catalog.pg_inherits";
const PARTITIONED = "select oid from pg_catalog.pg_class where relkind = 'p'";
/** What a generated column is made from: up to 14 the column itself depends on it, from 15 on its expression does. */
const GENERATED = `
  select a.attrelid, a.attnum, p.refobjsubid
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    join pg_catalog.pg_depend p
      on p.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass and p.objid = d.oid
      or p.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and p.objid = a.attrelid and p.objsubid = a.attnum
   where a.attgenerated <> '' and p.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
     and p.refobjid = a.attrelid and p.refobjsubid > 0 and p.refobjsubid <> a.attnum`;
/**
 * Reads what label resolution needs from pg_catalog. Every name is schema-qualified, since the role's search_path is not
 * ours. Any role may read these catalogs.
 */
export async function loadCatalog(stream: Duplex): Promise<CatalogRows> {
  await queryRows(stream, SETTINGS);
  const columns = await queryRows(stream, COLUMNS);
  const views = await viewDefinitions(stream);
  const inherits = await queryRows(stream, PARENTS);
  const partitioned = await queryRows(stream, PARTITIONED);
  const generated = await queryRows(stream, GENERATED);
  const code = await loadCode(stream);
  const types = await loadTypes(stream);
  const parents = new Map<number, number[]>();
  for (const [child, parent] of numbers(inherits)) parents.set(child, [...(parents.get(child) ?? []), parent]);
  return {
    types,
    columns: columns.map(([oid, schema, relation, column, attnum, isGenerated, type, kind]) => ({
      oid: Number(oid),
      schema: schema ?? "",
      relation: relation ?? "",
      column: column ?? "",
      attnum: Number(attnum),
      generated: isGenerated === "t",
      type: type ?? "",
      kind: kind === "view" || kind === "other" ? kind : "table",
    })),
    views: new Map(views.map(([oid, definition]) => [Number(oid), definition ?? ""])),
    parents,
    partitioned: new Set(partitioned.map(([oid]) => Number(oid))),
    generatedFrom: sources(generated),
    code,
  };
}

/** One by one where some are locked: those are left without a definition, which counts as one over everything. */
async function viewDefinitions(stream: Duplex): Promise<TextRows> {
  const all = await unlessRefused(stream, VIEWS, LOCKED);
  if (all !== undefined) return all;
  await queryRows(stream, SHORT_LOCK_TIMEOUT);
  const found: (readonly (string | null)[])[] = [];
  for (const [oid] of await queryRows(stream, VIEW_OIDS)) {
    const rows = await unlessRefused(stream, `select pg_catalog.pg_get_viewdef(${Number(oid)})`, LOCKED);
    found.push([oid ?? null, rows?.[0]?.[0] ?? null]);
  }
  return found;
}

/** lock_not_available */
const LOCKED = ["55P03"];

function numbers(rows: TextRows): readonly [number, number][] {
  return rows.map(([a, b]) => [Number(a), Number(b)]);
}

/** relation OID -> attnum of a generated column -> attnums that it is made from */
function sources(rows: TextRows): ReadonlyMap<number, ReadonlyMap<number, readonly number[]>> {
  const found = new Map<number, Map<number, number[]>>();
  for (const [oid, attnum, from] of rows.map((row) => row.map(Number))) {
    if (oid === undefined || attnum === undefined || from === undefined) continue;
    const columns = found.get(oid) ?? new Map<number, number[]>();
    columns.set(attnum, [...(columns.get(attnum) ?? []), from]);
    found.set(oid, columns);
  }
  return found;
}
