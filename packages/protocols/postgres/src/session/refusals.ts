import type { OpenedSession } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import type { ClientLogin } from "../accept-client/options.ts";
import { TARGET_CONNECT_ERRORS, TargetConnectError } from "../connect-target/target-connect-error.ts";
import type { ErrorText } from "../errors.ts";
import { SQLSTATE } from "../errors.ts";

/** Why a session does not start, in the words of messages.md; every text is for someone who has proven who they are, except 28P01. */

const INVALID_CATALOG_NAME = "3D000";

/** Only who proved the secret learns that it expired; all others get the plain 28P01. */
export interface NotAccepted {
  readonly reason: string;
  readonly expiredAt?: string;
  readonly resourceName?: string;
}

export function notAccepted(login: ClientLogin, { reason, expiredAt, resourceName }: NotAccepted): ErrorText {
  const secret = `connection secret${resourceName === undefined ? "" : ` for ${resourceName}`}`;
  const said = login.proof.kind === "secret" ? endedInWords(reason, expiredAt) : undefined;
  if (said !== undefined) {
    const hint =
      reason === "expired"
        ? "tw login   (saved connections then work again)"
        : `tw connect ${resourceName ?? "RESOURCE"}   (makes a new one)`;
    return { code: SQLSTATE.invalidPassword, message: `${secret} ${said}`, hint };
  }
  return { code: SQLSTATE.invalidPassword, message: `password authentication failed for user "${login.user}"` };
}

/** The client holds the key of a certificate that is ours: it may be told what is wrong with it. */
export function certificateNotAccepted(user: string, { reason, expiredAt, resourceName }: NotAccepted): ErrorText {
  const code = SQLSTATE.invalidAuthorization;
  const hint = `tw connect --certificate ${resourceName ?? "RESOURCE"}   (makes a new one)`;
  const said = endedInWords(reason, expiredAt);
  if (said !== undefined) {
    return {
      code,
      message: `client certificate${resourceName === undefined ? "" : ` for ${resourceName}`} ${said}`,
      hint,
    };
  }
  if (reason === "other_principal") return { code, message: `the client certificate is not for user "${user}"` };
  return { code, message: `certificate authentication failed for user "${user}"` };
}

function endedInWords(reason: string, expiredAt: string | undefined): string | undefined {
  if (reason === "expired") return `expired${expiredAt === undefined ? "" : ` ${ago(expiredAt)}`}`;
  if (reason === "revoked") return "was revoked";
  return reason === "used_up" ? "has been used as often as it may be" : undefined;
}

/** Why nobody came in by browser. */
export function notSignedIn(resource: string, state: "denied" | "withdrawn" | "expired" | "too_many"): ErrorText {
  const again = "Connect again for a new link, or take a secret along: tw connect ";
  if (state === "too_many") {
    return {
      code: SQLSTATE.tooManyConnections,
      message: "too many connections from your address wait for somebody to sign in",
      hint: "Sign in for one of them, or close some.",
    };
  }
  const message =
    state === "denied" ? "the login was refused in the browser" : "nobody signed in for this connection in time";
  return { code: SQLSTATE.invalidAuthorization, message, hint: again + resource };
}

export function noResourceNamed(): ErrorText {
  return {
    code: INVALID_CATALOG_NAME,
    message: "no resource was named",
    hint: "Write its name as the database: dbname=RESOURCE or RESOURCE/DATABASE. tw resources list",
  };
}

export function notAuthorized(resource: string, refused: Extract<OpenedSession, { ok: false }>): ErrorText {
  switch (refused.reason) {
    case "agent_offline":
      return {
        code: SQLSTATE.cannotConnect,
        message: `${resource} is out of reach: no site agent online${refused.agentName === undefined ? "" : ` for ${refused.agentName}`}${refused.agentLastSeen === undefined ? "" : ` (last seen ${ago(refused.agentLastSeen)})`}`,
        detail: "Your access is fine.",
        hint: `An administrator can look: tw resources check ${resource}`,
      };
    // the same words, code included: whether a resource exists is nobody's business who may not reach it
    case "resource_unknown":
    case "no_grant":
      return {
        code: INVALID_CATALOG_NAME,
        message: `there is no resource "${resource}" for you`,
        hint: hintOf(refused),
      };
    default:
      return { code: SQLSTATE.insufficientPrivilege, message: refused.detail, hint: hintOf(refused) };
  }
}

function hintOf({ next }: Extract<OpenedSession, { ok: false }>): string {
  return next === undefined ? "tw resources list" : `Ask: ${next}`;
}

function ago(time: string): string {
  return `${Math.max(1, Math.round((Date.now() - Date.parse(time)) / 60_000))} min ago`;
}

export function tooManySessions(resource: string, cap: number): ErrorText {
  return {
    code: SQLSTATE.tooManyConnections,
    message: `${resource} has as many sessions as it may have (${cap})`,
    detail: "Your access is fine.",
    hint: "Close what is not needed, and try again in a moment.",
  };
}

export function ownFailure(error: unknown): ErrorText {
  if (
    error instanceof TidewaiterError &&
    (error.code === "control_plane_lost" || error.code === "storage_unavailable")
  ) {
    return {
      code: SQLSTATE.cannotConnectNow,
      message: "the control plane is out of reach, so no session can start",
      hint: "Try again in a moment.",
    };
  }
  if (error instanceof TidewaiterError && error.code === "recording_failed") {
    return {
      code: SQLSTATE.ioError,
      message: "the session cannot be recorded, so it does not start",
      hint: "Tell an administrator: the gateway's journal cannot be written.",
    };
  }
  return { code: SQLSTATE.internalError, message: "the gateway could not start the session" };
}

export function targetFailure(error: unknown, resource: string): ErrorText {
  if (error instanceof TargetConnectError) {
    const { sqlState, text } = TARGET_CONNECT_ERRORS[error.code];
    const noDatabase = error.server?.code === INVALID_CATALOG_NAME;
    return {
      code: noDatabase ? INVALID_CATALOG_NAME : sqlState,
      message: `${resource}: ${noDatabase ? "that database does not exist there" : text}`,
      detail: "Your access is fine.",
      hint: `An administrator can look: tw resources check ${resource}`,
    };
  }
  if (error instanceof TidewaiterError && (error.code === "agent_offline" || error.code === "target_unreachable")) {
    return {
      code: SQLSTATE.cannotConnect,
      message: `${resource} is out of reach: ${error.detail}`,
      detail: "Your access is fine.",
      hint: `tw resources check ${resource}`,
    };
  }
  if (error instanceof TidewaiterError && error.code === "secret_unavailable") {
    return {
      code: SQLSTATE.cannotConnect,
      message: `${resource} is out of reach: its credential cannot be read where it is kept`,
      detail: "Your access is fine.",
      hint: `An administrator can look: tw resources check ${resource}`,
    };
  }
  return ownFailure(error);
}
