import type { KubeOperation, Operation } from "@tidewaiter/core";
import { activeDetectors } from "@tidewaiter/toolkit/content/active-detectors";
import { redactText } from "@tidewaiter/toolkit/content/redact-text";
import {
  type Exchange,
  refuseUpgrade,
  requestLine,
  respondStatus,
  type UpgradeExchange,
} from "../accept-client/exchange.ts";
import type { KubeStatus } from "../status.ts";
import type { KubeContext } from "./context.ts";

/** Of a request line, in UTF-16 code units; one may have 256 KiB. */
const MAX_LINE = 4_096;

/** What of a request is known although it cannot be read. */
export interface Unread {
  readonly context: KubeContext;
  readonly operation?: KubeOperation;
  /** What the client is told. */
  readonly status: KubeStatus;
}

/** Keeps what was refused because it cannot be read. `line`: its method and URL. */
export function recordUnread({ context: { session }, operation, status }: Unread, line: string): void {
  const unknown: Operation = { type: "unknown", reason: "syntax", message: status.message };
  const text = line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}... (${line.length - MAX_LINE} more)` : line;
  const { set } = activeDetectors(session.labels().detectors, undefined) ?? {};
  session.recordUnread({
    operation: operation ?? unknown,
    text,
    ...(set !== undefined && { shown: redactText(text, set) }),
    reason: `${status.code}: ${status.message}`,
  });
}

export function refuseUnread(exchange: Exchange, unread: Unread): void {
  recordUnread(unread, requestLine(exchange));
  respondStatus(exchange, unread.status);
}

export function refuseUnreadUpgrade(upgrade: UpgradeExchange, unread: Unread): void {
  recordUnread(unread, requestLine(upgrade));
  refuseUpgrade(upgrade, unread.status);
}
