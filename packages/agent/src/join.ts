import type { KeyObject } from "node:crypto";
import { AgentError } from "./errors.ts";
import { type Identity, isIdentity, publicJwk } from "./identity.ts";

const DEADLINE_MS = 15_000;
const MAX_ANSWER_CHARS = 64 * 1024;

export interface JoinRequest {
  /** `ws:`, `wss:`, `http:` or `https:` address of the control plane. */
  readonly url: string;
  /** Single use. */
  readonly token: string;
  readonly key: KeyObject;
  readonly name: string;
  readonly version: string;
  readonly signal: AbortSignal;
}

/**
 * Trades a join token for an identity: POST /v1/agents/join.
 *
 * @throws AgentError `join_refused` with the control plane's words (a used or unknown token), `join_failed` when it may
 * work later
 */
export async function join(request: JoinRequest): Promise<Identity> {
  const { token, key, name, version } = request;
  const response = await post(request, { token, publicKey: publicJwk(key), name, version });
  const body = await readJson(response);
  if (!response.ok) {
    const final = response.status >= 400 && response.status < 500 && response.status !== 429;
    throw new AgentError(final ? "join_refused" : "join_failed", problemText(body, response.status));
  }
  if (!isIdentity(body)) throw new AgentError("join_failed", "the control plane's answer is not what was expected");
  const { agentId, grantKeys, gatewayId, tunnelUrls } = body;
  return { agentId, name: body.name, grantKeys, gatewayId, tunnelUrls };
}

async function post({ url, signal }: JoinRequest, body: object): Promise<Response> {
  const target = new URL("/v1/agents/join", url.replace(/^ws/, "http"));
  try {
    return await fetch(target, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify(body),
      // A token must not follow a redirect to somewhere else.
      redirect: "error",
      signal: AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]),
    });
  } catch (cause) {
    throw new AgentError("join_failed", `${target.origin} cannot be reached`, { cause });
  }
}

async function readJson(response: Response): Promise<unknown> {
  try {
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > MAX_ANSWER_CHARS) return undefined;
    }
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The words of a problem document (RFC 9457). */
function problemText(body: unknown, status: number): string {
  if (typeof body === "object" && body !== null) {
    if ("detail" in body && typeof body.detail === "string") return body.detail;
    if ("title" in body && typeof body.title === "string") return body.title;
  }
  return `the control plane answered ${status}`;
}
