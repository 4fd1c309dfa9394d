import type { ErrorFields } from "../messages.ts";

/**
 * Why a target could not be used, with what its client may be told: nothing about addresses, roles or server texts.
 */
export const TARGET_CONNECT_ERRORS = {
  unreachable: { sqlState: "08001", text: "the target closed the connection before it was ready" },
  timeout: { sqlState: "08001", text: "the target did not answer in time" },
  tls_refused: { sqlState: "08001", text: "the target does not offer the TLS that is required" },
  tls_verify: { sqlState: "08001", text: "the target's certificate could not be verified" },
  auth_failed: { sqlState: "08004", text: "the target refused the stored credential" },
  credential_type: { sqlState: "08004", text: "the stored credential is of a type that PostgreSQL does not take" },
  auth_unsupported: { sqlState: "08004", text: "the target asks for a proof that is not available" },
  server_error: { sqlState: "08004", text: "the target refused the session" },
  not_suitable: { sqlState: "08001", text: "no server of the target is in the state that is asked for" },
  protocol: { sqlState: "08P01", text: "the target does not speak the PostgreSQL protocol as expected" },
} as const;

export type TargetConnectErrorCode = keyof typeof TARGET_CONNECT_ERRORS;

/**
 * A failed `connectTarget`. `message` and `server` may name roles and hosts: they are for the audit log. A client is told
 * `TARGET_CONNECT_ERRORS[code].text`. Neither ever holds a secret.
 */
export class TargetConnectError extends Error {
  readonly code: TargetConnectErrorCode;
  /** The target's own ErrorResponse, for `server_error` and `auth_failed`. */
  readonly server: ErrorFields | undefined;

  constructor(code: TargetConnectErrorCode, detail: string, options: { server?: ErrorFields; cause?: unknown } = {}) {
    super(`${TARGET_CONNECT_ERRORS[code].text}: ${detail}`, "cause" in options ? { cause: options.cause } : undefined);
    this.name = "TargetConnectError";
    this.code = code;
    this.server = options.server;
  }
}
