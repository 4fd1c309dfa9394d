import { createHash } from "node:crypto";
import type { Duplex } from "node:stream";
import type { AuthenticationResult, LiveSession, SessionHost } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { refusalInWords } from "@tidewaiter/core/session-authorization";
import { secretOf } from "@tidewaiter/toolkit/connection-secret/secret-of";
import { type Bearer, parseBearer } from "../accept-client/bearer.ts";
import { failure, type KubeStatus } from "../status.ts";
import type { KubeContext } from "./context.ts";
import { createTarget } from "./target.ts";

/** Requests of one secret on one resource are one session until so long nothing was asked. */
const IDLE_MS = 15 * 60_000;

export type SessionResult =
  | { readonly ok: true; readonly context: KubeContext; readonly done: () => void }
  | { readonly ok: false; readonly status: KubeStatus };

interface Entry {
  readonly context: KubeContext;
  running: number;
  idle: NodeJS.Timeout | undefined;
  readonly end: (reason: string) => void;
}

type Opening = Promise<Entry | KubeStatus>;

/** The sessions of a protocol whose clients come with a connection for each command, or many. */
export class KubeSessions {
  readonly #entries = new Map<string, Opening>();
  readonly #idleMs: number;

  constructor(idleMs = IDLE_MS) {
    this.#idleMs = idleMs;
  }

  /**
   * The session that a request belongs to: a new one is authenticated and authorised. `done` says that the request is over.
   * Never rejects.
   */
  async of(request: {
    readonly authorization: string | undefined;
    readonly resource: string;
    readonly userAgent: string | undefined;
    readonly host: SessionHost<Duplex>;
  }): Promise<SessionResult> {
    const { authorization, resource, host } = request;
    const bearer = parseBearer(authorization);
    if (bearer === undefined) {
      // what was sent may be a secret of somewhere else; without any nobody tried to be somebody
      if (authorization !== undefined) await auditRefused(host, { user: "", reason: "no_token_of_ours" });
      return { ok: false, status: unauthorized("the gateway needs a token of its own. Get one", resource) };
    }
    const { principal, level = "", secret } = bearer;
    const address = host.clientAddress.slice(0, host.clientAddress.lastIndexOf(":"));
    // the policy may speak of the client's address: each has a session of its own
    const key = createHash("sha256").update([resource, address, principal, level, secret].join("\n")).digest("base64");
    let opening = this.#entries.get(key);
    if (opening === undefined) {
      opening = this.#open({ ...request, bearer }, () => this.#entries.delete(key));
      this.#entries.set(key, opening);
      const first = opening;
      void opening.then((opened) => {
        if ("kind" in opened && this.#entries.get(key) === first) this.#entries.delete(key);
      });
    }
    const entry = await opening;
    if ("kind" in entry) return { ok: false, status: entry };
    return { ok: true, context: entry.context, done: this.#use(entry) };
  }

  #use(entry: Entry): () => void {
    entry.running++;
    clearTimeout(entry.idle);
    let over = false;
    return () => {
      if (over) return;
      over = true;
      if (--entry.running > 0) return;
      entry.idle = setTimeout(() => entry.end("idle"), this.#idleMs);
      entry.idle.unref();
    };
  }

  async #open(request: Parameters<KubeSessions["of"]>[0] & { readonly bearer: Bearer }, forget: () => void): Opening {
    const { level } = request.bearer;
    try {
      const identified = await authenticate(request.bearer, request.resource, request.host);
      if ("kind" in identified) return identified;
      const { principal, secretId, mandateId, signInId } = identified;
      const opened = await request.host.openSession({
        principalId: principal.id,
        ...(secretId !== undefined && { secretId }),
        ...(mandateId !== undefined && { mandateId }),
        ...(signInId !== undefined && { signInId }),
        resourceName: request.resource,
        protocol: "kubernetes",
        ...(level !== undefined && { level }),
        ...(request.userAgent !== undefined && { application: request.userAgent.slice(0, 64) }),
        detail: {},
      });
      if (!opened.ok) return failure("Forbidden", `${request.resource}: ${refusalInWords(opened)}`);
      return this.#entry(opened.session, request.resource, forget);
    } catch (error) {
      const detail = error instanceof TidewaiterError ? error.detail : "the gateway could not open the session";
      return failure("ServiceUnavailable", `${request.resource}: ${detail}. Try again in a moment`);
    }
  }

  #entry(session: LiveSession<Duplex>, resource: string, forget: () => void): Entry {
    const over = new AbortController();
    const interrupted = Promise.withResolvers<string>();
    const target = createTarget(session);
    const context: KubeContext = { session, target, resource, signal: over.signal, interrupted: interrupted.promise };
    const end = (reason: string): void => {
      forget();
      clearTimeout(entry.idle);
      interrupted.resolve(reason);
      over.abort();
      target.close();
      // a recording that cannot be closed is told by the recorder
      void session.end(reason).catch(() => {});
    };
    const entry: Entry = { context, running: 0, idle: undefined, end };
    session.onInterrupt((by) => {
      if (by.type !== "cancel_request" && by.type !== "control_plane") end(by.reason);
    });
    return entry;
  }
}

type Identified = Extract<AuthenticationResult, { ok: true }>;

/** One sentence for every way to be unknown; whoever holds a secret of ours is told what is the matter with it. */
async function authenticate(
  bearer: Bearer,
  resource: string,
  host: SessionHost<Duplex>,
): Promise<Identified | KubeStatus> {
  const { controlPlane } = host;
  const account = await controlPlane.lookupVerifiers(bearer.principal);
  const secretId = await secretOf(account, bearer.secret);
  const principalName = bearer.principal;
  const result: AuthenticationResult =
    secretId === undefined
      ? { ok: false, reason: "unknown" }
      : await controlPlane.authenticate({ type: "secret", principalName, secretId });
  if (result.ok) return result;
  await auditRefused(host, { user: principalName, reason: result.reason });
  const why = result.reason === "unknown" ? "the token is not known" : `the token is ${WHY[result.reason]}`;
  return unauthorized(`${why}. Get a new one`, resource);
}

async function auditRefused(
  { controlPlane, clientAddress: client }: SessionHost<Duplex>,
  who: { readonly user: string; readonly reason: string },
): Promise<void> {
  const data = { protocol: "kubernetes", client, ...who };
  // an audit row about a stranger's failed login must not decide over anything
  await controlPlane.appendAudit({ type: "login.refused", data }).catch(() => {});
}

function unauthorized(why: string, resource: string): KubeStatus {
  return failure("Unauthorized", `${why} with: tw kube login ${resource}`);
}

const WHY: Readonly<Record<Extract<AuthenticationResult, { ok: false }>["reason"], string>> = {
  expired: "expired",
  revoked: "revoked",
  used_up: "used up",
  unknown: "not known",
  disabled: "of an account that is suspended",
  foreign: "not ours",
  other_principal: "somebody else's",
};
