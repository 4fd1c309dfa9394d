import type { ApiProblem } from "@tidewaiter/contract";
import { CliError, systemCode } from "../errors.ts";
import { exitOf } from "../exit-codes.ts";

export function isProblem(value: unknown): value is ApiProblem {
  if (typeof value !== "object" || value === null) return false;
  const { code, title, detail } = value as Record<string, unknown>;
  return typeof code === "string" && typeof title === "string" && typeof detail === "string";
}

const NEXT: Readonly<Record<string, string>> = {
  unauthenticated: "tw login",
  permission_missing: "tw status   (shows your roles)",
  internal: "The server's log says more.",
  rate_limited: "Wait a minute, then try again.",
};

/** Where the title says more to a person than the detail alone would. */
const TITLED = new Set(["bad_request", "unauthenticated", "policy_invalid", "rate_limited"]);

/** RFC 9457 with our code, as an error of the command. */
export function problemError({ code, title, detail, next = NEXT[code] }: ApiProblem): CliError {
  const more = { code, ...(next === undefined ? {} : { next }) };
  if (code === "internal")
    return new CliError("failure", "the server had an error of its own", { why: detail, ...more });
  const speaksForItself = !TITLED.has(code) && !detail.includes("\n");
  return speaksForItself
    ? new CliError(exitOf(code), detail, more)
    : new CliError(exitOf(code), title, { why: detail, ...more });
}

const NETWORK: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ENOTFOUND: "this name has no address",
  EAI_AGAIN: "this name cannot be looked up at the moment",
  ETIMEDOUT: "it does not answer",
  UND_ERR_CONNECT_TIMEOUT: "it does not answer",
  ECONNRESET: "it closed the connection",
  UND_ERR_SOCKET: "it closed the connection",
  EHOSTUNREACH: "there is no way to this host",
  ENETUNREACH: "there is no way to this network",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is signed by an authority that is not trusted here",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is signed by itself, which is not trusted here",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate is signed by an authority that is not trusted here",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its certificate is signed by an authority that is not trusted here",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another name",
  CERT_HAS_EXPIRED: "its certificate has expired",
  ERR_SSL_WRONG_VERSION_NUMBER: "it does not speak TLS; it may be http:// there",
};

export function unreachableError(server: string, cause: unknown, late: boolean): CliError {
  const code = networkCode(cause);
  const why = late ? "it took the request and did not answer in time" : (NETWORK[code ?? ""] ?? code ?? "no answer");
  const untrusted = why.includes("not trusted here");
  return new CliError("unreachable", `${server} cannot be reached`, {
    why,
    next: untrusted
      ? "tw login --server URL --ca-file FILE"
      : "Is it running, and is this its address?  Another one: tw login --server URL",
    cause,
  });
}

/** `fetch` hides the reason one or two levels down. */
function networkCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return systemCode(error) ?? networkCode(error.cause) ?? firstOf(error);
}

function firstOf(error: Error): string | undefined {
  return error instanceof AggregateError ? error.errors.map(networkCode).find((code) => code !== undefined) : undefined;
}
