import { encodeError } from "../../encode-backend.ts";
import type { ErrorFields } from "../../messages.ts";
import type { Machine } from "../machine.ts";
import type { Owed } from "../state.ts";

/** Stops a result that already flows: nothing more is forwarded, the target is canceled and drained, its 57014 becomes ours. */
export function cut(machine: Machine, refusal: ErrorFields): void {
  machine.cutting = { refusal, dropped: false };
  machine.emit({ type: "cancel_target" });
}

/**
 * The result came to its end before the cancel: it must not be told complete when rows of it were dropped. Where nothing of
 * the client's runs behind it, an error in place of CommandComplete says so; otherwise only the end of the session does.
 */
export function completedAnyway(machine: Machine, owed: Owed, refusal: ErrorFields): void {
  machine.finish(owed.judged, "error", refusal.code ?? "");
  const { facts = [] } = owed.judged ?? {};
  const alone = owed.type === "query" ? facts.length === 1 : machine.owed[1]?.type === "sync";
  if (!alone || facts.some((one) => one.class !== "read" && one.copy?.direction !== "to"))
    return machine.end({
      ...refusal,
      severity: "FATAL",
      severityLocalized: "FATAL",
      detail: "The statement had begun and could not be stopped, so its result is withheld and the session ends.",
    });
  if (owed.type === "execute") machine.owed.shift();
  machine.toClient(encodeError({ ...refusal, detail: "The rest of the result is withheld. The session is open." }));
}
