import { FIRST_USER_OID } from "../../catalog/database-code.ts";
import type { Lineage } from "../../lineage/lineage.ts";
import { cachedLineage } from "../../lineage/lineage-cache.ts";
import { LineageError } from "../../lineage/lineage-error.ts";
import type { Machine } from "../machine.ts";
import { OWN_PREFIX } from "../machine.ts";
import type { Judged } from "../state.ts";
import { probeRows } from "./probe.ts";

const VIEW = `${OWN_PREFIX}lineage`;

/**
 * Layer 2c, where the server's log must not see its trees: the statement as a temporary view in a transaction that is
 * rolled back, and the tree that the server keeps of a view. Only outside of transactions, since its failure would end
 * them. `done` gets nothing where that does not work (no TEMP privilege, a standby, two columns of one name).
 */
export function probeView(
  machine: Machine,
  { judged, sql }: { readonly judged: Judged; readonly sql: string },
  done: (trees: readonly Lineage[]) => void,
): void {
  if (!machine.reading.utf8) return done([]);
  const string = [
    "BEGIN",
    `CREATE TEMPORARY VIEW ${VIEW} AS ${sql}`,
    `SELECT ev_class::pg_catalog.oid || ' ' || ev_action FROM pg_catalog.pg_rewrite WHERE ev_class = 'pg_temp.${VIEW}'::pg_catalog.regclass`,
    "ROLLBACK",
  ].join("\n;\n");
  probeRows(machine, judged, string, ({ rows }) => {
    if (machine.status === "I") return done(treesIn(rows));
    // it failed half-way, and its transaction stands open
    probeRows(machine, judged, "ROLLBACK", () => done([]));
  });
}

/** The view itself stands in its own range table up to PostgreSQL 15. */
function treesIn([row]: readonly string[]): readonly Lineage[] {
  if (row === undefined) return [];
  const space = row.indexOf(" ");
  const view = Number(row.slice(0, space));
  if (!(view >= FIRST_USER_OID)) return [];
  try {
    const lineage = cachedLineage(Buffer.from(row.slice(space + 1)));
    return [{ ...lineage, relations: lineage.relations.filter(({ oid }) => oid !== view) }];
  } catch (error) {
    if (error instanceof LineageError) return [];
    throw error;
  }
}
