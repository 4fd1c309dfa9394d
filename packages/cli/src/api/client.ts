import { type ApiClient, createApiClient } from "@tidewaiter/contract";
import { CliError } from "../errors.ts";
import { isProblem, problemError, unreachableError } from "./problem.ts";
import { trustAlso } from "./trust.ts";

/** Until the first byte of an answer; a body may take longer. */
const PATIENCE_MS = 60_000;

export interface ApiAccess {
  readonly server: string;
  readonly accessToken?: string;
  /** PEM of roots to trust besides the system's. */
  readonly serverCa?: string;
}

/** The typed API; give each call to `answer`. */
export type Api = ApiClient;

export function openApi({ server, accessToken, serverCa }: ApiAccess): Api {
  if (serverCa !== undefined) trustAlso(serverCa);
  return createApiClient({
    baseUrl: server,
    ...(accessToken === undefined ? {} : { token: accessToken }),
    fetch: (request) => fetchPatiently(server, request),
  });
}

async function fetchPatiently(server: string, request: Request): Promise<Response> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), PATIENCE_MS);
  try {
    // Nothing of ours redirects; following one would show the token to another host.
    return await fetch(request, { signal: AbortSignal.any([request.signal, late.signal]), redirect: "error" });
  } catch (cause) {
    throw unreachableError(server, cause, late.signal.aborted);
  } finally {
    clearTimeout(timer);
  }
}

interface Answered<Data> {
  readonly data?: Data;
  readonly error?: unknown;
  readonly response: Response;
}

/** What the API answered. @throws CliError for its problems, and when there is no answer */
export async function answer<Data>(call: Promise<Answered<Data>>): Promise<Data> {
  const { data, error, response } = await readAnswer(call);
  if (response.ok) return data as Data;
  if (isProblem(error)) throw problemError(error);
  throw new CliError("failure", `the server answered with status ${response.status}`, {
    why: "this is no answer of Tidewaiter's API; something else may stand before it",
    next: "Check the address: tw status",
  });
}

async function readAnswer<Data>(call: Promise<Answered<Data>>): Promise<Answered<Data>> {
  try {
    return await call;
  } catch (cause) {
    // The only one of the client's own: a body that is not JSON.
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new CliError("failure", "the server's answer cannot be read", {
      why: "it is not JSON; something else than Tidewaiter may listen there",
      next: "Check the address: tw status",
      cause,
    });
  }
}
