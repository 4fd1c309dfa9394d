import type { Answer, Effect, Input, Inspector, Interruption, Side } from "@tidewaiter/core";
import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";
import { errorFields, recordingLost, SQLSTATE } from "../errors.ts";
import type { TransactionStatus } from "../messages.ts";
import { FRONTEND } from "../messages.ts";
import { grantLease, returnIdleLeases, returnLeases } from "./budgets/budgets.ts";
import { onClientMessage } from "./client-messages.ts";
import type { InspectorContext, PostgresMessage } from "./context.ts";
import { Machine } from "./machine.ts";
import { onTargetMessage } from "./target-messages.ts";
import { abandon, answered, withdraw } from "./verdict/hold.ts";

/** Answers that the target owes: `coming` = a ReadyForQuery will come without anything more from the client. */
export type Answers = "none" | "coming" | "open";

export interface PostgresInspector extends Inspector<PostgresMessage> {
  readonly answers: Answers;
  /** Of the last ReadyForQuery. */
  readonly status: TransactionStatus;
}

/**
 * The PostgreSQL inspector: messages of a ready session in, effects out. Pure but for its own state; the same inputs give
 * the same effects, live, in tests and in backtests.
 */
export function createInspector(context: InspectorContext): PostgresInspector {
  const machine = new Machine(context);
  let noted = context.labelsFollow === undefined;
  return {
    receive(input) {
      machine.now = input.at;
      machine.effects = [];
      if (!noted) {
        noted = true;
        machine.record({ at: input.at, type: "notice", code: "lineage", text: context.labelsFollow ?? "" });
      }
      if (!machine.closed) {
        take(machine, input);
        if (machine.closed) returnLeases(machine);
        else returnIdleLeases(machine);
      }
      return machine.effects satisfies readonly Effect[];
    },
    get backlog() {
      return machine.backlog;
    },
    get status() {
      return machine.status;
    },
    get answers() {
      if (machine.waiting !== undefined || machine.kept.client.length > 0) return "open";
      if (machine.quiet) return "none";
      return machine.owed.some((owed) => owed.type === "query" || owed.type === "sync") ? "coming" : "open";
    },
    get streamsRows() {
      // an answer to a question of ours is read whole
      if (machine.owed[0]?.ours === true && machine.kept.target.length === 0) return false;
      // a canary is looked for in whole rows
      return context.canaries().length === 0 || !context.catalog().hasLabels;
    },
  };
}

function take(machine: Machine, input: Input<PostgresMessage>): void {
  switch (input.type) {
    case "message":
      return onMessage(machine, input.side, input.message);
    case "answer":
      onAnswer(machine, input.askId, input.answer);
      return release(machine);
    case "ended":
      return onEnded(machine, input.side);
    case "interrupted":
      onInterrupted(machine, input.by);
      return release(machine);
  }
}

function onMessage(machine: Machine, side: Side, message: PostgresMessage): void {
  if (side === "client" && machine.waiting?.for === "review" && message.type === FRONTEND.Terminate) {
    abandon(machine, "the client left");
    // nor is what it sent behind the held statement run any more
    machine.kept.client.length = 0;
    machine.backlog.client = 0;
  }
  if (mustKeep(machine, side)) return keep(machine, side, message);
  dispatch(machine, side, message);
  // an answer of the target may settle what the client waits for
  if (side === "target") {
    const { waiting } = machine;
    if (waiting?.for === "answers" && waiting.ready()) {
      machine.waiting = undefined;
      waiting.go();
    }
    release(machine);
  }
}

/** A target's own end is never kept back: it also ends whatever is waited for. */
function mustKeep(machine: Machine, side: Side): boolean {
  if (machine.kept[side].length > 0) return true;
  return side === "client" ? machine.waiting !== undefined : machine.targetWaiting !== undefined;
}

function keep(machine: Machine, side: Side, message: PostgresMessage): void {
  machine.kept[side].push(message);
  machine.backlog[side] += message.end - message.start;
}

function dispatch(machine: Machine, side: Side, message: PostgresMessage): void {
  if (machine.closed) return;
  try {
    if (side === "client") onClientMessage(machine, message);
    else onTargetMessage(machine, message);
  } catch (error) {
    throw readsPastEnd(error) ? new ProtocolError("malformed_message", "a message is shorter than it says") : error;
  }
}

/** Lengths inside of a message that lie lead past the end of its buffer, where Node stops us. */
function readsPastEnd(error: unknown): boolean {
  if (!(error instanceof RangeError) || !("code" in error)) return false;
  return error.code === "ERR_OUT_OF_RANGE" || error.code === "ERR_BUFFER_OUT_OF_BOUNDS";
}

/** Messages that were kept back go on in order, until something waits again. */
function release(machine: Machine): void {
  for (const side of ["target", "client"] as const) {
    const kept = machine.kept[side];
    while (
      kept.length > 0 &&
      (side === "client" ? machine.waiting : machine.targetWaiting) === undefined &&
      !machine.closed
    ) {
      const message = kept.shift();
      if (message === undefined) break;
      machine.backlog[side] -= message.end - message.start;
      dispatch(machine, side, message);
    }
  }
}

function onAnswer(machine: Machine, askId: number, answer: Answer): void {
  switch (answer.type) {
    case "budget": {
      grantLease(machine, askId, answer);
      const waiting = [machine.waiting, machine.targetWaiting].find(
        (one) => one?.for === "budget" && one.askId === askId,
      );
      if (waiting?.for !== "budget") return;
      if (machine.targetWaiting === waiting) machine.targetWaiting = undefined;
      return waiting.go(answer);
    }
    case "catalog": {
      const waiting = machine.targetWaiting;
      if (waiting?.for !== "catalog" || waiting.askId !== askId) return;
      machine.targetWaiting = undefined;
      return waiting.go();
    }
    default:
      return answered(machine, askId, answer);
  }
}

function onEnded(machine: Machine, side: Side): void {
  abandon(machine, side === "client" ? "the client left" : "the target closed the connection");
  if (side === "target" && !machine.closed) {
    return machine.end(
      errorFields("FATAL", {
        code: SQLSTATE.connectionFailure,
        message: `${machine.context.resource.name} closed the connection`,
        detail: "The session is over; what was not committed is rolled back by the server.",
      }),
    );
  }
  if (!machine.closed) {
    machine.closed = true;
    machine.emit({ type: "close", reason: side === "client" ? "client left" : "target left" });
  }
}

function onInterrupted(machine: Machine, by: Interruption): void {
  switch (by.type) {
    case "cancel_request":
      if (machine.waiting?.for === "review") return withdraw(machine, "canceled by the client");
      return machine.emit({ type: "cancel_target" });
    case "control_plane":
      machine.controlPlaneReachable = by.reachable;
      return;
    case "recording_failed":
      abandon(machine, by.reason);
      return machine.end(errorFields("FATAL", recordingLost(by.reason)));
    default:
      abandon(machine, by.reason);
      // a server does not look whether its client is still there while it works
      if (!machine.quiet) machine.emit({ type: "cancel_target" });
      return machine.end(
        errorFields("FATAL", { code: SQLSTATE.adminShutdown, message: `terminating connection: ${by.reason}` }),
      );
  }
}
