/**
 * Every unexpected outcome in the product is one of these codes. They are translated once per border:
 * problem+json (control plane), ErrorResponse (PostgreSQL), exit code (CLI).
 */
export const ERROR_CODES = {
  bad_request: { status: 400, title: "The request is not valid" },
  unauthenticated: { status: 401, title: "Sign in first" },
  second_factor_required: { status: 401, title: "A second factor is needed" },
  permission_missing: { status: 403, title: "Your role does not include this" },
  step_up_required: { status: 403, title: "Prove once more that it is you" },
  second_person_needed: { status: 409, title: "Another person has to approve it first" },
  not_found: { status: 404, title: "There is no such thing" },
  conflict: { status: 409, title: "It changed meanwhile, or exists already" },
  too_large: { status: 413, title: "It is larger than the limit" },
  rate_limited: { status: 429, title: "Too many attempts; wait a little" },
  policy_invalid: { status: 422, title: "The policy is not valid" },
  internal: { status: 500, title: "An error of ours" },
  storage_unavailable: { status: 503, title: "The control plane's store cannot be reached" },
  control_plane_lost: { status: 503, title: "The control plane cannot be reached" },
  agent_offline: { status: 503, title: "No agent is online for the resource" },
  target_unreachable: { status: 502, title: "The target cannot be reached" },
  target_auth_failed: { status: 502, title: "The target refused the stored credential" },
  identity_unconfirmed: { status: 503, title: "The identity provider cannot be asked about you" },
  secret_unavailable: { status: 503, title: "The secret store did not give the secret" },
  recording_failed: { status: 503, title: "The recording cannot be written" },
  session_ended: { status: 410, title: "The session has ended" },
  protocol_violation: { status: 400, title: "The peer broke the protocol" },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** The one error class. `detail` is shown to the person who asked, so it never holds a secret or a row value. */
export class TidewaiterError extends Error {
  readonly code: ErrorCode;
  readonly detail: string;
  /** What the person can do next, as one sentence or command. */
  readonly next?: string;

  constructor(code: ErrorCode, detail: string, options: { next?: string; cause?: unknown } = {}) {
    super(`${code}: ${detail}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "TidewaiterError";
    this.code = code;
    this.detail = detail;
    if (options.next !== undefined) this.next = options.next;
  }
}
