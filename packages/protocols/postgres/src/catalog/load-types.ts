import type { Duplex } from "node:stream";
import type { TypeRow } from "../mask/server-types.ts";
import { queryRows } from "./query.ts";

/**
 * Types below 10000 (FirstGenbkiObjectId) have fixed OIDs, but for the row types among them, whose fields differ. An array
 * is what pg_type calls category A with elements of variable width; text-like is what casts to text without a function and
 * writes itself as text does.
 */
const TYPES = `
  select t.oid,
         case when t.typtype = 'b' and t.typcategory = 'A' and t.typelem <> 0 and t.typlen = -1 then 'array'
              when t.typtype = 'b' and exists (
                     select from pg_catalog.pg_cast c
                      where c.castsource = t.oid and c.casttarget = 25 and c.castmethod = 'b') then 'text'
              when t.typtype = 'c' then 'composite'
              when t.typtype = 'd' then 'domain'
              when t.typtype = 'e' then 'enum'
              when t.typtype = 'm' then 'multirange'
              when t.typtype = 'r' then 'range'
              else 'other' end,
         case t.typtype
              when 'b' then t.typelem::pg_catalog.text
              when 'd' then t.typbasetype::pg_catalog.text
              when 'c' then (
                     select pg_catalog.string_agg(a.atttypid::pg_catalog.text, ' ' order by a.attnum)
                       from pg_catalog.pg_attribute a
                      where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped) end,
         (select e.enumlabel from pg_catalog.pg_enum e where e.enumtypid = t.oid order by e.enumsortorder limit 1)
    from pg_catalog.pg_type t
   where t.oid >= 10000 or t.typtype = 'c'`;

/** Reads what masks need to know of the server's own types. Any role may read these catalogs. */
export async function loadTypes(stream: Duplex): Promise<readonly TypeRow[]> {
  const rows = await queryRows(stream, TYPES);
  return rows.map(([oid, kind, parts, label]) => ({
    oid: Number(oid),
    kind: kindOf(kind ?? ""),
    parts: (parts ?? "")
      .split(" ")
      .filter((part) => part !== "")
      .map(Number),
    ...(label != null && { label }),
  }));
}

const KINDS = ["array", "composite", "domain", "enum", "multirange", "range", "text"] as const;

function kindOf(name: string): TypeRow["kind"] {
  return KINDS.find((kind) => kind === name) ?? "other";
}
