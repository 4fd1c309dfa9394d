import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";
import { redactedPayload } from "@tidewaiter/toolkit/content/active-detectors";
import { encodeBackend, encodeNotice } from "../encode-backend.ts";
import { errorFields, SQLSTATE } from "../errors.ts";
import type { Framed } from "../framer.ts";
import { BACKEND } from "../messages.ts";
import type { PostgresMessage } from "./context.ts";
import { decoded } from "./decoded.ts";
import { mayReportParameter, scrubbedNotice } from "./errors/scrub.ts";
import { onError } from "./errors/target-errors.ts";
import { textSource } from "./errors/withheld.ts";
import { reaches } from "./lineage/notice-level.ts";
import { onTree } from "./lineage/on-tree.ts";
import { treeIn } from "./lineage/trees.ts";
import type { Machine } from "./machine.ts";
import { startCopyCapture } from "./results/capture-rows.ts";
import { redactedFields } from "./results/content-layer.ts";
import { onComplete, onReady, reply } from "./results/replies.ts";
import { onRowDescription } from "./results/results.ts";
import { onRows } from "./results/rows.ts";

/** One message of the target in the ready phase. */
export function onTargetMessage(machine: Machine, message: PostgresMessage): void {
  switch (message.type) {
    case BACKEND.DataRow:
    case BACKEND.CopyData:
      return onRows(machine, message);
    case BACKEND.RowDescription:
      return onRowDescription(machine, message);
    case BACKEND.ErrorResponse:
      return onError(machine, message);
    case BACKEND.ReadyForQuery:
      return onReady(machine, message);
    case BACKEND.NoticeResponse:
      return onNotice(machine, message);
    case BACKEND.ParameterStatus:
      return onParameterStatus(machine, message);
    case BACKEND.NotificationResponse:
      return onNotification(machine, message);
    case BACKEND.ParameterDescription:
      return reply(machine, message, false);
    case BACKEND.CopyInResponse:
      return onCopyIn(machine, message);
    case BACKEND.CopyOutResponse:
      return onCopyOut(machine, message);
    case BACKEND.CopyDone:
      return machine.forward("client", message);
    case BACKEND.FunctionCallResponse:
      return onFunctionResult(machine, message);
    case BACKEND.CommandComplete:
    case BACKEND.EmptyQueryResponse:
    case BACKEND.PortalSuspended:
      return onComplete(machine, message);
    case BACKEND.ParseComplete:
    case BACKEND.BindComplete:
    case BACKEND.CloseComplete:
    case BACKEND.NoData:
      return reply(machine, message, true);
    default:
      return machine.end(
        errorFields("FATAL", {
          code: SQLSTATE.protocolViolation,
          message: "the target sent a message that has no place here; the session is ended",
        }),
      );
  }
}

/**
 * While copying the server reads and ignores Sync. A client that did not wait for this answer has sent data, and CopyDone,
 * already; what it sent behind CopyDone counts.
 */
function onCopyIn(machine: Machine, message: Framed): void {
  const owed = machine.owed[0];
  const sentAt = owed?.copyEnds ?? 0;
  if (owed !== undefined) owed.copyEnds = sentAt + 1;
  machine.copyingIn = machine.copyEnds === sentAt;
  for (let next = machine.owed[1]; next?.type === "sync" && next.copyEnds === sentAt; next = machine.owed[1])
    machine.owed.splice(1, 1);
  machine.forward("client", message);
}

function onCopyOut(machine: Machine, message: Framed): void {
  const judged = machine.owed[0]?.judged;
  if (judged !== undefined) startCopyCapture(judged, decoded(message, "CopyOutResponse").format);
  machine.forward("client", message);
}

/** One value, of a call that passed as it was; ReadyForQuery follows. */
function onFunctionResult(machine: Machine, message: Framed): void {
  if (machine.owed[0]?.judged?.unread?.reason !== "function_call")
    throw new ProtocolError("unexpected_message", "the value of a function that nobody called");
  machine.forward("client", message);
}

function onNotice(machine: Machine, message: Framed): void {
  const owed = machine.owed[0];
  const { utf8, atRisk } = machine.reading;
  const tree = machine.notices && treeIn(message, utf8 && !atRisk);
  if (tree !== undefined) return onTree(machine, tree, () => treeIn(message, utf8)?.hash);
  // what the server remarks on a question of ours, it will say again of the statement
  if (owed?.probe !== undefined) return;
  const { fields } = decoded(message, "NoticeResponse");
  // the server sends more than the client asked for, since trees come as LOG
  if (machine.notices !== undefined && !reaches(fields.severity ?? "", machine.notices.level)) return;
  const source = textSource(machine, owed, fields);
  // how many come is up to the code as well
  if (source === "unread") return;
  const shown = source === "known" ? redactedFields(machine, owed?.judged, message, fields) : scrubbedNotice(fields);
  if (shown === undefined) machine.forward("client", message);
  else machine.toClient(encodeNotice(shown));
}

function onParameterStatus(machine: Machine, message: Framed): void {
  const { parameter, value } = decoded(message, "ParameterStatus");
  machine.reading.reported(parameter, value);
  if (mayReportParameter(parameter) || !machine.context.catalog().hasLabels) machine.forward("client", message);
}

/**
 * A payload may hold anything that another session or a trigger put there, and nobody can tell where from: no label follows
 * it. So it is emptied for whom a label is hidden, and the wake-up stays; unless policy trusts detectors to find what matters.
 */
function onNotification(machine: Machine, message: Framed): void {
  const { context } = machine;
  const { hasLabels, labels } = context.catalog();
  if (!hasLabels) return machine.forward("client", message);
  const verdict = context.evaluate({ type: "unknown", reason: "analyser", message: "a notification" });
  if (labels.every((label) => verdict.masks[label] === "show")) return machine.forward("client", message);
  const notification = decoded(message, "NotificationResponse");
  const detect = verdict.notifications === "detect";
  const payload = detect ? redactedPayload(context.labelDetectors(), verdict, notification.payload) : "";
  machine.toClient(encodeBackend({ ...notification, payload }));
}
