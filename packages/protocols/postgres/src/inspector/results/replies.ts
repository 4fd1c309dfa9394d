import { errorFields, SQLSTATE } from "../../errors.ts";
import type { Framed } from "../../framer.ts";
import { BACKEND } from "../../messages.ts";
import { decoded } from "../decoded.ts";
import { check } from "../lineage/on-tree.ts";
import type { Machine } from "../machine.ts";
import type { Owed } from "../state.ts";
import { completedAnyway } from "./cut.ts";

/** A reply that belongs to the first thing owed: swallowed when the message was ours; `last` = it settles the entry. */
export function reply(machine: Machine, message: Framed, last: boolean): void {
  const owed = machine.owed[0];
  if (owed === undefined || !EXTENDED.has(owed.type)) return mismatch(machine);
  if (!owed.ours) machine.forward("client", message);
  if (!last) return;
  machine.owed.shift();
  owed.settle?.(true);
  if (owed.type === "describe" && owed.portal !== undefined) owed.portal.fields ??= "none";
  if (owed.ends === true) owed.probe?.done(owed.probe);
}

const EXTENDED: ReadonlySet<Owed["type"]> = new Set(["parse", "bind", "describe", "close"]);

/** CommandComplete, EmptyQueryResponse, PortalSuspended: one statement is done. */
export function onComplete(machine: Machine, message: Framed): void {
  const owed = machine.owed[0];
  if (owed?.type !== "query" && owed?.type !== "execute") return mismatch(machine);
  machine.copyingIn = false;
  machine.rowMask = undefined;
  machine.described = false;
  check(machine, owed);
  const { cutting } = machine;
  machine.cutting = undefined;
  if (cutting?.dropped === true) return completedAnyway(machine, owed, cutting.refusal);
  // only what ends a failed transaction, or goes back to a savepoint, completes in one
  if (machine.status === "E" && message.type === BACKEND.CommandComplete) machine.status = "T";
  const suspended = message.type === BACKEND.PortalSuspended;
  const result = owed.type === "query" ? owed.result++ : 0;
  if (!suspended) settleNames(owed, (name) => name === result, true);
  if (owed.type === "execute") machine.owed.shift();
  const whole = owed.type === "query" ? owed.result === owed.judged?.facts.length : !suspended;
  if (whole) {
    const tag = message.type === BACKEND.CommandComplete ? decoded(message, "CommandComplete").tag : "";
    machine.finish(owed.judged, "completed", tag);
  }
  if (!owed.ours) machine.forward("client", message);
}

export function settleNames(owed: Owed, which: (result: number) => boolean, done: boolean): void {
  if (owed.type !== "query" && owed.type !== "execute") return;
  for (const name of owed.names ?? []) if (which(name.result)) name.settle(done);
}

export function onReady(machine: Machine, message: Framed): void {
  const owed = machine.owed.shift();
  if (owed === undefined || (owed.type !== "query" && owed.type !== "sync")) return mismatch(machine);
  machine.status = decoded(message, "ReadyForQuery").status;
  machine.copyingIn = false;
  machine.rowMask = undefined;
  machine.described = false;
  // a cancel that came too late to matter
  machine.cutting = undefined;
  machine.finish(owed.judged, "completed", "");
  settleNames(owed, () => true, false);
  if (machine.quiet) {
    machine.reading.settled();
    // portals and cursors end with the transaction; one that is held over is found again as unknown
    if (machine.status === "I") {
      machine.notices?.settled();
      machine.portals.clear();
      machine.cursors.clear();
    }
  }
  if (owed.probe !== undefined) return owed.probe.done(owed.probe);
  if (!owed.ours) machine.forward("client", message);
}

function mismatch(machine: Machine): void {
  machine.end(
    errorFields("FATAL", {
      code: SQLSTATE.protocolViolation,
      message: "the target's answers do not match what was asked; the session is ended",
    }),
  );
}
