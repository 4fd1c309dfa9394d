import type { ErrorFields } from "../../messages.ts";
import type { Machine } from "../machine.ts";
import { OWN_PREFIX } from "../machine.ts";
import type { Judged, Probe } from "../state.ts";

/**
 * Questions of ours to the target before a statement is forwarded; the client's messages wait meanwhile, and the answers
 * go nowhere. Inside the client's extended batch a question ends with Flush, never with Sync, which would commit; before a
 * simple Query it ends with Sync, since nothing answers a Flush there with ReadyForQuery.
 */
export function probeColumns(
  machine: Machine,
  { judged, sql, end }: { readonly judged: Judged | undefined; readonly sql: string; readonly end: "sync" | "flush" },
  done: (probe: Probe) => void,
): void {
  const statement = `${OWN_PREFIX}probe`;
  const probe = start(machine, judged, done);
  machine.toTarget({ name: "Parse", statement, sql, exact: true, parameterTypes: [] });
  machine.owe({ type: "parse", ours: true, probe });
  machine.toTarget({ name: "Describe", target: "statement", of: statement });
  machine.owe({ type: "describe", ours: true, of: "statement", probe });
  machine.toTarget({ name: "Close", target: "statement", of: statement });
  if (end === "sync") {
    machine.owe({ type: "close", ours: true, probe });
    machine.toTarget({ name: "Sync" });
    machine.owe({ type: "sync", ours: true, probe, ends: true });
  } else {
    machine.owe({ type: "close", ours: true, probe, ends: true });
    machine.toTarget({ name: "Flush" });
  }
}

/** Runs one statement of ours by the simple protocol and takes its rows. Never inside an extended batch: it ends one. */
export function probeRows(
  machine: Machine,
  judged: Judged | undefined,
  sql: string,
  done: (probe: Probe) => void,
): void {
  const probe = start(machine, judged, done);
  machine.toTarget({ name: "Query", sql, exact: true });
  machine.owe({ type: "query", ours: true, result: 0, probe, ends: true });
}

function start(machine: Machine, judged: Judged | undefined, done: (probe: Probe) => void): Probe {
  machine.waiting = { for: "probe", judged };
  return {
    judged,
    fields: undefined,
    rows: [],
    trees: [],
    error: undefined,
    done: (probe) => {
      machine.waiting = undefined;
      done(probe);
    },
  };
}

/** The position counts in the statement that was probed, not in what the client wrote. */
export function withoutPosition({ position: _, ...fields }: ErrorFields): ErrorFields {
  return fields;
}
