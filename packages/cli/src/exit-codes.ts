import type { ErrorCode } from "@tidewaiter/core/errors";

/** Every way a command can end. Stable: scripts rely on the numbers. */
export const EXIT_CODES = {
  ok: { code: 0, meaning: "done" },
  failure: { code: 1, meaning: "an error of ours, or one that fits nowhere below" },
  usage: { code: 2, meaning: "the command line, or what it asks for, is not valid" },
  not_signed_in: { code: 3, meaning: "not signed in, or the access token has expired" },
  refused: { code: 4, meaning: "refused by policy, or a permission is missing" },
  not_found: { code: 5, meaning: "there is no such thing" },
  conflict: { code: 6, meaning: "it changed meanwhile, exists already, or is decided already" },
  unreachable: { code: 7, meaning: "the server cannot be reached" },
  invalid: { code: 8, meaning: "a document or policy is not valid; nothing was applied" },
  check_failed: { code: 9, meaning: "a check ran and found a problem (policy test, verify, resources check)" },
  unavailable: {
    code: 10,
    meaning: "for now not possible: too many attempts, no agent online, target or store out of reach",
  },
  missing_program: { code: 11, meaning: "a program that is needed here is not installed (psql)" },
  waiting: { code: 12, meaning: "kept, not done: another person has to approve it first (tw changes)" },
  interrupted: { code: 130, meaning: "stopped by Ctrl-C" },
} as const satisfies Record<string, { code: number; meaning: string }>;

export type Exit = keyof typeof EXIT_CODES;

/** What the control plane says, as a way to end. */
const EXIT_OF: Readonly<Record<ErrorCode, Exit>> = {
  bad_request: "usage",
  unauthenticated: "not_signed_in",
  second_factor_required: "not_signed_in",
  permission_missing: "refused",
  step_up_required: "refused",
  second_person_needed: "waiting",
  not_found: "not_found",
  conflict: "conflict",
  too_large: "usage",
  rate_limited: "unavailable",
  policy_invalid: "invalid",
  internal: "failure",
  storage_unavailable: "unavailable",
  control_plane_lost: "unavailable",
  agent_offline: "unavailable",
  target_unreachable: "unavailable",
  target_auth_failed: "unavailable",
  identity_unconfirmed: "unavailable",
  secret_unavailable: "unavailable",
  recording_failed: "unavailable",
  session_ended: "conflict",
  protocol_violation: "failure",
};

/** A code of a later server is a plain failure. */
export function exitOf(code: string): Exit {
  return isErrorCode(code) ? EXIT_OF[code] : "failure";
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(EXIT_OF, code);
}
