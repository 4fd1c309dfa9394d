import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import type { DetectorSet } from "@tidewaiter/toolkit/content/detector-set";
import { redactText } from "@tidewaiter/toolkit/content/redact-text";
import { withoutQuotingWarnings } from "../response/status-text.ts";

/**
 * What a client may say to the API server. Everything else stays here: credentials, Impersonate-* and X-Remote-* in whatever
 * spelling, and what belongs to the connection.
 */
const TO_TARGET = [
  "accept",
  "accept-encoding",
  "accept-language",
  "cache-control",
  "content-type",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "kubectl-command",
  "kubectl-session",
  "range",
  "user-agent",
] as const;

/** Of one connection, not of the answer (RFC 9110, section 7.6.1). */
const OF_CONNECTION: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** @param whole the answer is masked, which a part of it could not be */
export function toTarget(headers: IncomingHttpHeaders, whole = false): OutgoingHttpHeaders {
  const sent: Record<string, string | string[]> = {};
  for (const name of TO_TARGET) {
    const value = headers[name];
    if (value !== undefined && !(whole && name === "range")) sent[name] = value;
  }
  return sent;
}

/** How an answer is shown. */
export interface Shown {
  /** The body is not the one that the API server sent. */
  readonly changed: boolean;
  /** What is taken out of warnings, which may quote what is written. */
  readonly detectors: DetectorSet | undefined;
  /** Warnings may quote values that no detector finds. */
  readonly quotes: boolean;
}

export function toClient(headers: IncomingHttpHeaders, { changed, detectors, quotes }: Shown): OutgoingHttpHeaders {
  const sent: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || OF_CONNECTION.has(name)) continue;
    if (changed && (name === "content-length" || name === "etag")) continue;
    if (name !== "warning") sent[name] = value;
    else {
      const warning = quotes ? withoutQuotingWarnings(String(value)) : String(value);
      sent[name] = detectors === undefined ? warning : redactText(warning, detectors);
    }
  }
  return sent;
}
