import type { StatementFacts } from "@tidewaiter/core";
import { SQLSTATE } from "../../errors.ts";
import type { ErrorFields } from "../../messages.ts";
import { probeRows, withoutPosition } from "../lineage/probe.ts";
import type { Machine } from "../machine.ts";
import type { Judged } from "../state.ts";

const PLANNABLE: ReadonlySet<string> = new Set(["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"]);

export type Estimate = { readonly rows: number | undefined } | { readonly refusal: ErrorFields };

/**
 * Would an estimate change anything, and may it be asked? Unknown is the strictest value, so a statement that passes with
 * it needs none. Planning runs functions that say they are immutable: nothing that was not read by us is planned.
 */
export function wantsEstimate(machine: Machine, judged: Judged): StatementFacts | undefined {
  const [facts] = judged.facts;
  if (!machine.context.needsEstimate() || judged.verdict.outcome === "allow" || judged.refusal !== undefined)
    return undefined;
  if (facts === undefined || judged.facts.length > 1 || !PLANNABLE.has(facts.kind) || facts.params > 0)
    return undefined;
  if (facts.into !== undefined || facts.dangerous.length > 0 || facts.opaque || judged.labels.opaque) return undefined;
  return machine.status === "E" || !machine.quiet ? undefined : facts;
}

/**
 * Plain EXPLAIN. When it fails in a transaction the transaction is aborted, as the statement itself would have done, so
 * its error is the client's; so is a cancel. Any other failure leaves the estimate unknown.
 */
export function askEstimate(
  machine: Machine,
  judged: Judged,
  facts: StatementFacts,
  done: (estimate: Estimate) => void,
): void {
  const sql = `EXPLAIN (FORMAT JSON) ${judged.sql.slice(facts.span.start, facts.span.end)}`;
  const before = machine.status;
  probeRows(machine, judged, sql, (probe) => {
    const { error } = probe;
    if (error !== undefined && (before === "T" || error.code === SQLSTATE.queryCanceled))
      return done({ refusal: withoutPosition(error) });
    done({ rows: error === undefined ? plannedRows(probe.rows.join("\n")) : undefined });
  });
}

/** The rows that the top node returns, or, when it modifies a table, those that it works on. */
export function plannedRows(json: string): number | undefined {
  const plan = property(first(parsed(json)), "Plan");
  const own = rowsOf(plan);
  if (property(plan, "Node Type") !== "ModifyTable") return own;
  const below = property(plan, "Plans");
  const counts = (Array.isArray(below) ? below : []).map(rowsOf).filter((count) => count !== undefined);
  return counts.length === 0
    ? own
    : Math.max(
        own ?? 0,
        counts.reduce((sum, count) => sum + count, 0),
      );
}

function rowsOf(plan: unknown): number | undefined {
  const rows = property(plan, "Plan Rows");
  return typeof rows === "number" && Number.isFinite(rows) ? Math.round(rows) : undefined;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}

function first(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : undefined;
}

function property(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && name in value
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
