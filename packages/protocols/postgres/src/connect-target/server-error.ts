import { SQLSTATE } from "../errors.ts";
import type { ErrorFields } from "../messages.ts";
import { TargetConnectError } from "./target-connect-error.ts";

const AUTH_STATES: ReadonlySet<string> = new Set([SQLSTATE.invalidPassword, SQLSTATE.invalidAuthorization]);

/**
 * Turns the target's ErrorResponse into ours. Class 28 means that it did not accept who we are; before we answered
 * anything (pg_hba rejects, unknown role) it is `auth_failed` just the same.
 */
export function serverError(fields: ErrorFields, answered: boolean): TargetConnectError {
  const state = fields.code ?? "";
  const code = AUTH_STATES.has(state) ? "auth_failed" : "server_error";
  const when = answered ? "after our proof" : "before our proof";
  return new TargetConnectError(code, `${state} ${fields.message ?? ""} (${when})`, { server: fields });
}
