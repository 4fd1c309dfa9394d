import type { SeenRelation } from "@tidewaiter/core";
import { FIRST_USER_OID } from "./database-code.ts";
import type { CatalogRows } from "./postgres-catalog.ts";

/** What is bound of a database: tables and views of users that stay. Sequences hold no data, temporary tables go. */
export function seenRelations(rows: CatalogRows): readonly SeenRelation[] {
  const found = new Map<number, SeenRelation & { columns: SeenRelation["columns"][number][] }>();
  for (const { oid, schema, relation, column, attnum, type = "", kind = "table" } of rows.columns) {
    if (oid < FIRST_USER_OID || kind === "other") continue;
    let seen = found.get(oid);
    if (seen === undefined) {
      seen = { oid, schema, name: relation, kind, parents: rows.parents.get(oid) ?? [], columns: [] };
      found.set(oid, seen);
    }
    seen.columns.push({ attnum, name: column, type });
  }
  return [...found.values()];
}
