import { CliError } from "../errors.ts";
import { unreachableError } from "./problem.ts";
import { trustAlso } from "./trust.ts";

export interface Exchange {
  readonly server: string;
  readonly serverCa: string | undefined;
  /** The workload's own token. */
  readonly token: string;
  /** Name of a federation, where several fit. */
  readonly federation: string | undefined;
}

const PATIENCE_MS = 60_000;

/** OAuth 2.0 Token Exchange (RFC 8693): a form, and errors of OAuth. @throws CliError */
export async function exchangeToken(exchange: Exchange): Promise<{ accessToken: string; expiresIn: number }> {
  const { server, serverCa, token, federation } = exchange;
  if (serverCa !== undefined) trustAlso(serverCa);
  const body = new URLSearchParams({
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    subject_token: token,
    ...(federation === undefined ? {} : { federation }),
  });
  const signal = AbortSignal.timeout(PATIENCE_MS);
  let answer: Record<string, unknown>;
  let status: number;
  try {
    const response = await fetch(`${server}/v1/token`, { method: "POST", body, signal, redirect: "error" });
    status = response.status;
    answer = (await response.json()) as Record<string, unknown>;
  } catch (cause) {
    if (cause instanceof SyntaxError) throw notOurs();
    throw unreachableError(server, cause, signal.aborted);
  }
  const { access_token, expires_in, error, error_description, detail } = answer;
  if (typeof access_token === "string" && typeof expires_in === "number") {
    return { accessToken: access_token, expiresIn: expires_in };
  }
  if (status < 400) throw notOurs();
  const said = [error_description, detail, error].find((text) => typeof text === "string");
  throw new CliError(status === 429 ? "unavailable" : "not_signed_in", "the token was not exchanged", {
    why: typeof said === "string" ? said : `the server answered with status ${status}`,
    next: "Look at issuer, audience and subject of the federation: tw federations list",
  });
}

function notOurs(): CliError {
  return new CliError("failure", "the server's answer cannot be read", {
    why: "it is no token endpoint; something else than Tidewaiter may listen there",
    next: "Check the address: tw status",
  });
}
