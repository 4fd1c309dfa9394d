import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";
import { decodeBackend } from "../decode-backend.ts";
import { formatAt } from "../decode-frontend.ts";
import { encodeBackend, encodeError, encodeNotice } from "../encode-backend.ts";
import { errorFields, SQLSTATE } from "../errors.ts";
import type { Framed } from "../framer.ts";
import type { BackendMessage, ErrorFields, FieldDescription } from "../messages.ts";
import { BACKEND } from "../messages.ts";
import { noteRedacted, redactedFields, tellOfMasks } from "./content-layer.ts";
import type { PostgresMessage } from "./context.ts";
import { abandon } from "./hold.ts";
import type { Machine } from "./machine.ts";
import { planResult } from "./result-plan.ts";
import { onRows } from "./rows.ts";
import { mayReportParameter, scrubbedError, scrubbedNotice } from "./scrub.ts";
import type { Judged, Owed, Portal } from "./state.ts";

/** The substitute's own error: a syntax error at its bare word. Anything else, such as 57P01, passes as it is. */
const SYNTAX_ERROR = "42601";

/** One message of the target in the ready phase. */
export function onTargetMessage(machine: Machine, message: PostgresMessage): void {
  if (message.type === BACKEND.DataRow || (message.type === BACKEND.CopyData && message.kind !== "message"))
    return onRows(machine, message);
  switch (message.type) {
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
    case BACKEND.CopyDone:
      return machine.forward("client", message);
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

/** A reply that belongs to the first thing owed: swallowed when the message was ours; `last` = it settles the entry. */
function reply(machine: Machine, message: Framed, last: boolean): void {
  const owed = machine.owed[0];
  if (last) machine.owed.shift();
  if (owed?.ours !== true) machine.forward("client", message);
  if (message.type === BACKEND.NoData && owed?.type === "describe" && owed.portal !== undefined) owed.portal.fields = "none";
  if (last && owed?.ends === true) owed.probe?.done(owed.probe);
}

function onRowDescription(machine: Machine, message: Framed): void {
  const owed = machine.owed[0];
  if (owed?.type === "describe") {
    if (owed.ours) {
      const { fields } = decoded(message, "RowDescription");
      if (owed.portal !== undefined) owed.portal.fields = fields;
      if (owed.probe !== undefined) owed.probe.fields = fields;
    }
    return reply(machine, message, true);
  }
  if (owed?.type !== "query" || owed.judged === undefined || !machine.context.catalog().hasLabels)
    return machine.forward("client", message);
  const { fields } = decoded(message, "RowDescription");
  planned(machine, { judged: owed.judged, facts: owed.judged.facts[owed.result], fields, formats: [] }, (mask) => {
    machine.rowMask = mask;
    machine.forward("client", message);
  });
}

interface ToPlan {
  readonly judged: Judged;
  readonly facts: Judged["facts"][number] | undefined;
  readonly fields: readonly FieldDescription[];
  readonly formats: readonly number[];
}

/** Plans a result; a relation that the catalog does not know makes it load once more, and rows wait meanwhile. */
function planned(machine: Machine, input: ToPlan, go: (mask: Machine["rowMask"]) => void): void {
  const plan = () =>
    planResult({
      ...input,
      formatOf: (index) => formatAt(input.formats, index),
      catalog: machine.context.catalog(),
      tokenKey: machine.context.tokenKey,
      utf8: machine.clientEncoding === "UTF8",
      labelDetectors: machine.context.labelDetectors(),
      redacted: (info) => noteRedacted(machine, input.judged, info),
    });
  const finish = (made: ReturnType<typeof plan>): void => {
    input.judged.masked = made.masked;
    tellOfMasks(machine, made.masked);
    go(made.mask);
  };
  const made = plan();
  if (!made.unknownRelation) return finish(made);
  const askId = machine.nextAsk();
  machine.targetWaiting = { for: "catalog", askId, go: () => finish(plan()) };
  machine.emit({ type: "ask", askId, ask: { type: "catalog" } });
}

/** Rows of an Execute: planned at the first one, from what our own Describe said. Without it every value is masked. */
export function planPortal(machine: Machine, portal: Portal, go: (mask: Machine["rowMask"]) => void): void {
  if (portal.mask !== undefined || !Array.isArray(portal.fields) || portal.judged === undefined) return go(portal.mask);
  planned(
    machine,
    { judged: portal.judged, facts: portal.prepared.facts[0], fields: portal.fields, formats: portal.resultFormats },
    (mask) => {
      portal.mask = mask;
      go(mask);
    },
  );
}

/** A Sync that was sent behind the COPY and before its end is read, and ignored, while copying. */
function onCopyIn(machine: Machine, message: Framed): void {
  const owed = machine.owed[0];
  // a client that did not wait for this has sent data and CopyDone already
  const ended = (owed?.type === "query" || owed?.type === "execute") && (owed.copyEnds ?? 0) > 0;
  if (ended) owed.copyEnds = (owed.copyEnds ?? 0) - 1;
  machine.copyingIn = !ended;
  for (let next = machine.owed[1]; next?.type === "sync"; next = machine.owed[1]) {
    if (ended && next.inCopy !== true) break;
    machine.owed.splice(1, 1);
  }
  machine.forward("client", message);
}

function onComplete(machine: Machine, message: Framed): void {
  const owed = machine.owed[0];
  machine.copyingIn = false;
  machine.rowMask = undefined;
  if (machine.cutting !== undefined) {
    const { refusal } = machine.cutting;
    return machine.end({ ...refusal, severity: "FATAL", severityLocalized: "FATAL" });
  }
  const tag = message.type === BACKEND.CommandComplete ? decoded(message, "CommandComplete").tag : "";
  if (owed?.type === "query") owed.result++;
  if (owed?.type === "execute") machine.owed.shift();
  const whole =
    owed?.type === "query" ? owed.result === owed.judged?.facts.length : message.type !== BACKEND.PortalSuspended;
  if (whole) machine.finish(owed?.judged, "completed", tag);
  machine.forward("client", message);
}

function onError(machine: Machine, message: Framed): void {
  const { fields } = decoded(message, "ErrorResponse");
  const owed = machine.owed[0];
  machine.copyingIn = false;
  machine.rowMask = undefined;
  if (fields.severity === "FATAL" || fields.severity === "PANIC") {
    machine.finish(owed?.judged, "error", fields.code ?? "");
    abandon(machine, "the target ended the session");
    const shown = redactedFields(machine, owed?.judged, message, fields);
    if (shown === undefined) machine.forward("client", message);
    else machine.toClient(encodeError(shown));
    machine.closed = true;
    return machine.emit({ type: "close", reason: `the target ended the session (${fields.code ?? "no code"})` });
  }
  const shown = shownError(machine, owed, fields) ?? redactedFields(machine, owed?.judged, message, fields);
  const probe = skipToSync(machine, owed);
  machine.finish(
    owed?.judged,
    shown === undefined
      ? "error"
      : owed?.refusal !== undefined
        ? "refused"
        : fields.code === SQLSTATE.queryCanceled
          ? "canceled"
          : "error",
    shown?.code ?? fields.code ?? "",
  );
  if (probe !== undefined) {
    probe.error = shown ?? fields;
    // with Sync the error is handed on when the target is ready again; with Flush it skips, so that the error stands for the statement's own
    if (machine.owed[0]?.probe !== probe) {
      machine.waiting = undefined;
      machine.toClient(encodeError(probe.error));
    }
    return;
  }
  if (shown === undefined) machine.forward("client", message);
  else machine.toClient(encodeError(shown));
}

/** Undefined: the error passes byte for byte. */
function shownError(machine: Machine, owed: Owed | undefined, fields: ErrorFields): ErrorFields | undefined {
  if (machine.cutting !== undefined && fields.code === SQLSTATE.queryCanceled) {
    const { refusal } = machine.cutting;
    machine.cutting = undefined;
    return refusal;
  }
  if (owed?.refusal !== undefined && fields.code === SYNTAX_ERROR) return owed.refusal;
  const judged = owed?.judged;
  return judged?.sensitive === true ? scrubbedError(fields, judged.labels.opaque) : undefined;
}

/** After an error everything up to the next Sync is skipped by the server; a simple Query ends by itself. Returns a probe that failed. */
function skipToSync(machine: Machine, owed: Owed | undefined): Owed["probe"] {
  if (owed === undefined || owed.type === "query" || owed.type === "sync") return undefined;
  const skipped: Owed[] = [];
  while (machine.owed.length > 0 && machine.owed[0]?.type !== "sync") {
    const entry = machine.owed.shift();
    if (entry !== undefined) skipped.push(entry);
  }
  machine.skippingToSync = machine.owed.length === 0;
  for (const entry of skipped.reverse()) entry.undo?.();
  return owed.probe;
}

function onReady(machine: Machine, message: Framed): void {
  const owed = machine.owed.shift();
  machine.status = decoded(message, "ReadyForQuery").status;
  machine.copyingIn = false;
  machine.rowMask = undefined;
  machine.finish(owed?.judged, "completed", "");
  if (machine.status === "I" && machine.owed.length === 0) machine.portals.clear();
  if (owed?.probe !== undefined) return owed.probe.done(owed.probe);
  if (owed === undefined || (owed.type !== "query" && owed.type !== "sync")) {
    return machine.end(
      errorFields("FATAL", {
        code: SQLSTATE.protocolViolation,
        message: "the target's answers do not match what was asked; the session is ended",
      }),
    );
  }
  machine.forward("client", message);
}

function onNotice(machine: Machine, message: Framed): void {
  const judged = machine.owed[0]?.judged;
  const { fields } = decoded(message, "NoticeResponse");
  const shown = judged?.sensitive === true ? scrubbedNotice(fields) : redactedFields(machine, judged, message, fields);
  if (shown === undefined) machine.forward("client", message);
  else machine.toClient(encodeNotice(shown));
}

function onParameterStatus(machine: Machine, message: Framed): void {
  const { parameter, value } = decoded(message, "ParameterStatus");
  if (parameter === "client_encoding") machine.clientEncoding = value;
  if (mayReportParameter(parameter) || !machine.context.catalog().hasLabels) machine.forward("client", message);
}

/** A payload may hold anything that another session put there; where labels exist it is emptied, the wake-up stays. */
function onNotification(machine: Machine, message: Framed): void {
  if (!machine.context.catalog().hasLabels) return machine.forward("client", message);
  const notification = decoded(message, "NotificationResponse");
  machine.toClient(encodeBackend({ ...notification, payload: "" }));
}

function decoded<N extends BackendMessage["name"]>(message: Framed, name: N): BackendMessage & { readonly name: N } {
  const result = decodeBackend(message);
  if (!isNamed(result, name)) throw new ProtocolError("unexpected_message", `expected ${name}`);
  return result;
}

function isNamed<N extends BackendMessage["name"]>(
  message: BackendMessage,
  name: N,
): message is BackendMessage & { readonly name: N } {
  return message.name === name;
}
