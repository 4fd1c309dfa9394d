import { decodeFrontend } from "../decode-frontend.ts";
import type { FrontendMessage } from "../messages.ts";
import { FRONTEND } from "../messages.ts";
import type { PostgresMessage } from "./context.ts";
import { tendSettings } from "./lineage/tend-settings.ts";
import type { Machine } from "./machine.ts";
import { onBind, onClose, onDescribe, onExecute, onParse } from "./statements/extended.ts";
import { unknownStatement } from "./statements/readable.ts";
import { decideQuery, onQuery } from "./statements/simple-query.ts";
import { judgeUnread, type Unread } from "./statements/unread.ts";

/**
 * Answers that may be owed at a time: a client that sends on and on without reading must neither fill memory nor make
 * every answer dear. Far more than a server keeps back of its answers (8 kB, each at least 5 bytes), so they do come.
 */
const MAX_OWED = { high: 10_000, low: 5_000 } as const;

/** One message of the client in the ready phase; nothing is being waited for. */
export function onClientMessage(machine: Machine, message: PostgresMessage): void {
  // a run of CopyData: policy speaks at the COPY itself
  if (message.kind !== "message") return machine.forward("target", message);
  if (machine.owed.length >= MAX_OWED.high && !machine.copyingIn) {
    const fewer = (): boolean => machine.owed.length <= MAX_OWED.low;
    return machine.waitForAnswers(fewer, () => onClientMessage(machine, message));
  }
  const decoded = decodeFrontend(message);
  // the server reads and drops everything up to Sync
  if (machine.skippingToSync && SKIPPED.has(decoded.name)) return machine.forward("target", message);
  if (tendSettings(machine, () => onClientMessage(machine, message))) return;
  switch (decoded.name) {
    case "Query":
      return onQuery(machine, message, decoded);
    case "Parse":
      return onParse(machine, message, decoded);
    case "Bind":
      return onBind(machine, message, decoded);
    case "Execute":
      return onExecute(machine, message, decoded.portal);
    case "Describe":
      return onDescribe(machine, message, decoded);
    case "Close":
      return onClose(machine, message, decoded);
    case "Sync":
      machine.forward("target", message);
      return machine.owe({ type: "sync", ours: false });
    case "FunctionCall":
      return onFunctionCall(machine, message, decoded.functionOid);
    case "CopyDone":
    case "CopyFail":
      // outside of COPY the server ignores it; a COPY that was sent and has not begun yet ends with it
      machine.copyEnds++;
      machine.copyingIn = false;
      return machine.forward("target", message);
    case "Terminate":
      machine.forward("target", message);
      machine.closed = true;
      return machine.emit({ type: "close", reason: "client left" });
    default:
      return machine.forward("target", message);
  }
}

/** The fast path calls any function by OID, with arguments that no policy reads. */
function onFunctionCall(machine: Machine, message: PostgresMessage, oid: number): void {
  const unread: Unread = {
    sql: `-- fast-path call of the function with OID ${oid}`,
    reason: "function_call",
    message: "the fast-path function call is not allowed; use SELECT",
  };
  const judged = judgeUnread(machine, unread);
  if (judged === undefined) return machine.refuseQuery(unknownStatement(machine, unread));
  decideQuery(machine, message, judged);
}

const SKIPPED: ReadonlySet<FrontendMessage["name"]> = new Set([
  "Query",
  "Parse",
  "Bind",
  "Execute",
  "Describe",
  "Close",
  "FunctionCall",
]);

/** Does a message need the classifier before `receive`? */
export function carriesSql(type: number): boolean {
  return type === FRONTEND.Query || type === FRONTEND.Parse;
}
