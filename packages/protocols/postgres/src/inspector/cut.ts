import type { ErrorFields } from "../messages.ts";
import type { Machine } from "./machine.ts";

/** Stops a result that already flows: nothing more is forwarded, the target is canceled and drained, its 57014 becomes ours. */
export function cut(machine: Machine, refusal: ErrorFields): void {
  machine.cutting = { refusal, dropped: false };
  machine.emit({ type: "cancel_target" });
}
