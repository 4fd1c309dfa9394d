import type { CopyMask } from "../mask/mask-copy.ts";
import type { ErrorFields, FrontendMessage } from "../messages.ts";
import type { PostgresMessage } from "./context.ts";
import { decide } from "./decide.ts";
import { askEstimate, wantsEstimate } from "./estimate.ts";
import { judge } from "./judge.ts";
import type { Machine } from "./machine.ts";
import { readable, readLater } from "./readable.ts";
import { rememberNames } from "./sql-names.ts";
import type { Judged } from "./state.ts";

type Query = Extract<FrontendMessage, { name: "Query" }>;

/** A string of statements by the simple protocol: one verdict for all of it. */
export function onQuery(machine: Machine, message: PostgresMessage, asked: Query): void {
  const { sql, exact } = asked;
  if (readLater(machine, sql, () => onQuery(machine, message, asked))) return;
  const read = readable(machine, sql, exact, message.classification);
  if ("refusal" in read) return machine.refuseQuery(read.refusal);
  if (read.facts.length === 0) {
    machine.forward("target", message);
    return machine.owe({ type: "query", ours: false, result: 0 });
  }
  const judged = judge(machine, sql, read.facts);
  const plannable = wantsEstimate(machine, judged);
  if (plannable === undefined) return decideQuery(machine, message, judged);
  askEstimate(machine, judged, plannable, (estimate) => {
    if ("rows" in estimate)
      return decideQuery(machine, message, judge(machine, sql, read.facts, { estimatedRows: estimate.rows }));
    // its transaction is aborted by its own error: the substitute only carries that to the client
    machine.refuseQuery(estimate.refusal);
  });
}

function decideQuery(machine: Machine, message: PostgresMessage, judged: Judged): void {
  const forward = (copy?: CopyMask): void => {
    machine.sending(judged);
    const names = rememberNames(machine, judged.facts);
    machine.forward("target", message);
    machine.owe({ type: "query", ours: false, result: 0, judged, names, ...(copy && { copy }) });
  };
  const refuse = (fields: ErrorFields): void => {
    machine.finish(judged, "refused", fields.code ?? "");
    machine.refuseQuery(fields, judged);
  };
  decide(machine, { judged, parameters: [], digest: "", end: "sync", forward, refuse });
}
