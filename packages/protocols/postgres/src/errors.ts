import { encodeError } from "./encode-backend.ts";
import type { ErrorFields } from "./messages.ts";

/** SQLSTATEs that Tidewaiter itself answers with (PostgreSQL documentation, appendix "Error Codes"). */
export const SQLSTATE = {
  protocolViolation: "08P01",
  cannotConnect: "08001",
  connectionFailure: "08006",
  featureNotSupported: "0A000",
  inFailedTransaction: "25P02",
  invalidAuthorization: "28000",
  invalidPassword: "28P01",
  insufficientPrivilege: "42501",
  tooManyConnections: "53300",
  programLimitExceeded: "54000",
  statementTooComplex: "54001",
  queryCanceled: "57014",
  adminShutdown: "57P01",
  cannotConnectNow: "57P03",
  ioError: "58030",
  internalError: "XX000",
} as const;

export type Severity = "ERROR" | "FATAL" | "PANIC" | "WARNING" | "NOTICE" | "DEBUG" | "INFO" | "LOG";

/** What a person reads: line one holds the essence, because many tools show nothing else. */
export interface ErrorText {
  /** SQLSTATE */
  readonly code: string;
  readonly message: string;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
}

/** Fields of an error or notice of our own. Severity is never localised: scripts read it. */
export function errorFields(severity: Severity, { code, message, detail, hint }: ErrorText): ErrorFields {
  return {
    severityLocalized: severity,
    severity,
    code,
    message,
    ...(detail === undefined ? {} : { detail }),
    ...(hint === undefined ? {} : { hint }),
  };
}

/** An ErrorResponse that ends the connection. */
export function fatal(text: ErrorText): Buffer {
  return encodeError(errorFields("FATAL", text));
}

/** The end of a session whose recording cannot go on. */
export function recordingLost(detail: string | undefined): ErrorText {
  return { code: SQLSTATE.ioError, message: "this session can no longer be recorded, so it ends", detail };
}
