import { errorFields, SQLSTATE } from "../../errors.ts";
import { BACKEND } from "../../messages.ts";
import type { PostgresMessage } from "../context.ts";
import type { Machine } from "../machine.ts";
import type { Judged } from "../state.ts";
import { canaryInCopy } from "./canary-in-copy.ts";
import type { FoundCanary } from "./row-watch.ts";
import { canaryInRows } from "./row-watch.ts";

/**
 * Looks for planted values in rows as the target sent them, whatever their masks. True: the session is ended, and nothing
 * of the message reaches the client.
 */
export function meetCanary(machine: Machine, judged: Judged, message: PostgresMessage): boolean {
  const { watch } = judged;
  if (watch?.hasCanaries !== true) return false;
  const { buffer, start, end, type } = message;
  // never cut into parts where canaries are looked for (see `mayStream`)
  if (message.kind === "fragment") throw new Error("a part of a row cannot be looked through");
  const found =
    type === BACKEND.CopyData
      ? canaryInCopy(watch, buffer.subarray(start, end))
      : canaryInRows(watch, buffer, start, end);
  if (found === undefined) return false;
  note(machine, judged, found);
  if (found.canary.onHit === "alert") return false;
  machine.finish(judged, "refused", SQLSTATE.insufficientPrivilege);
  machine.emit({ type: "cancel_target" });
  machine.end(
    errorFields("FATAL", {
      code: SQLSTATE.insufficientPrivilege,
      message: `the session is ended: this result holds a value that was planted to notice who reads it [${found.canary.id}]`,
      detail: "Its row was not shown. What was not committed is rolled back by the server.",
      hint: "Your administrators have been told. Talk to them if you were meant to read this.",
    }),
  );
  return true;
}

/** Once per statement and canary: a result may hold it many times. */
function note(machine: Machine, judged: Judged, { canary, column }: FoundCanary): void {
  if (judged.canaries.has(canary.id)) return;
  judged.canaries.add(canary.id);
  machine.record({
    at: machine.now,
    type: "canary",
    operation: judged.operation,
    canary: canary.id,
    label: column.labels.find((label) => canary.label.matches(label)) ?? "",
    column: column.name,
    fingerprint: judged.facts.map(({ fingerprint }) => fingerprint).join("+"),
    onHit: canary.onHit,
  });
}
