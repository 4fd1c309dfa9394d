import type { Duplex } from "node:stream";
import { type SecureContext, TLSSocket } from "node:tls";
import type { Protocol, SessionHost } from "@tidewaiter/core";
import { exchangeOverWebSocket } from "./accept-client/answer-as-messages.ts";
import { chooseResource } from "./accept-client/choose-resource.ts";
import { type Exchange, refuseUpgrade, respondStatus, type UpgradeExchange } from "./accept-client/exchange.ts";
import { HttpConnections } from "./accept-client/http-connection.ts";
import { checkTarget } from "./check-target.ts";
import { readRequest } from "./request/read-request.ts";
import type { KubeContext } from "./session/context.ts";
import { withLabels } from "./session/object-labels.ts";
import { relayRequest } from "./session/relay-request.ts";
import { KubeSessions, type SessionResult } from "./session/sessions.ts";
import { recordUnread, refuseUnread, refuseUnreadUpgrade } from "./session/unread.ts";
import { failure, type KubeStatus } from "./status.ts";
import { relayStream } from "./streams/relay-stream.ts";
import { type KubernetesTarget, kubernetesTargetSchema } from "./target-schema.ts";

export interface KubernetesOptions {
  /** Certificate and key for the name that a client asks for; undefined name: none was said. */
  readonly secureContext: (serverName: string | undefined) => SecureContext;
  readonly handshakeMs?: number;
  readonly idleMs?: number;
}

/** From the first byte to the first token that is known. */
const HANDSHAKE_MS = 30_000;
/** Tokens that are not known, on one connection; the next ones are not looked at. */
const MAX_REFUSED = 5;
/** Requests of one connection at a time: more than HTTP/2 allows, and than any client of HTTP/1.1 sends without an answer. */
const MAX_RUNNING = 300;
/** Once its last answer had the time to be read, a connection ends. */
const GOODBYE_MS = 1_000;

/**
 * client            gateway                                        API server
 *   | TLS, HTTP       |                                               |
 *   |---------------->| bearer: authenticate, openSession (kept)      |
 *   | request         | path -> operation; admit: verdict, record     |
 *   |---------------->| credential + Impersonate-User, -Group         |
 *   |                 |---------------------------------------------->|
 *   |<=== answer: masked, streamed, recorded =========================|
 */
export function createKubernetesProtocol(options: KubernetesOptions): Protocol<KubernetesTarget, Duplex> {
  const connections = new HttpConnections();
  const sessions = new KubeSessions(options.idleMs);
  return {
    name: "kubernetes",
    targetSchema: kubernetesTargetSchema,
    serve: (stream, host) => serve(stream, host, { options, connections, sessions }),
    check: checkTarget,
  };
}

interface Shared {
  readonly options: KubernetesOptions;
  readonly connections: HttpConnections;
  readonly sessions: KubeSessions;
}

/** One connection, which may carry requests of several sessions. Resolves when it is over. */
async function serve(stream: Duplex, host: SessionHost<Duplex>, shared: Shared): Promise<void> {
  const { options, connections } = shared;
  const closed = Promise.withResolvers<void>();
  stream.once("close", () => closed.resolve());
  if (stream.destroyed) closed.resolve();
  stream.on("error", () => stream.destroy());
  const stop = (): void => void stream.destroy();
  host.signal.addEventListener("abort", stop, { once: true });
  const deadline = setTimeout(stop, options.handshakeMs ?? HANDSHAKE_MS);
  deadline.unref();
  const socket = new TLSSocket(stream, {
    isServer: true,
    secureContext: options.secureContext(undefined),
    SNICallback: (name, callback) => callback(null, options.secureContext(name)),
    ALPNProtocols: ["h2", "http/1.1"],
  });
  socket.on("error", stop);
  socket.once("secure", () => {
    // as tls.Server does at the end of the handshake: HTTP/2 waits for it
    Object.assign(socket, { secureConnecting: false });
    const serverName = typeof socket.servername === "string" ? socket.servername : undefined;
    const known = (): void => clearTimeout(deadline);
    connections.serve(socket, new Client({ serverName, host, sessions: shared.sessions, known, stop }));
  });
  await closed.promise;
  clearTimeout(deadline);
  host.signal.removeEventListener("abort", stop);
}

interface ClientOptions {
  readonly serverName: string | undefined;
  readonly host: SessionHost<Duplex>;
  readonly sessions: KubeSessions;
  /** Its first token was one of ours. */
  readonly known: () => void;
  readonly stop: () => void;
}

/** The requests of one connection. */
class Client {
  readonly #options: ClientOptions;
  #refused = 0;
  #running = 0;
  /** Of the last request that had one. */
  #last: KubeContext | undefined;
  /** Tokens are looked at one after the other: a look costs time on purpose. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  request(exchange: Exchange): void {
    if (this.#running >= MAX_RUNNING) return this.#options.stop();
    this.#running++;
    // nothing is known to reject; one that did would end the process, and with it everybody's sessions
    this.#request(exchange)
      .catch(() => exchange.body.destroy())
      .finally(() => this.#running--);
  }

  upgrade(exchange: UpgradeExchange): void {
    this.#upgrade(exchange).catch(() => exchange.socket.destroy());
  }

  unread(status: KubeStatus): void {
    // before a token was read nobody knows whose it is, as with whatever else connects to a port
    if (this.#last !== undefined) recordUnread({ context: this.#last, status }, "(a request that cannot be read)");
  }

  async #request(exchange: Exchange): Promise<void> {
    const session = await this.#session(exchange);
    if ("kind" in session) return respondStatus(exchange, session);
    const { context, done, path } = session;
    try {
      const read = readRequest(exchange.method, path, exchange.query);
      if (!read.ok) return refuseUnread(exchange, { context, status: read.status });
      if (read.stream) {
        const status = failure("BadRequest", "the request has to ask for an upgrade");
        return refuseUnread(exchange, { context, operation: read.operation, status });
      }
      await relayRequest({ ...exchange, path, query: read.query }, read.operation, context);
    } finally {
      done();
    }
  }

  async #upgrade(exchange: UpgradeExchange): Promise<void> {
    const session = await this.#session(exchange);
    if ("kind" in session) return refuseUpgrade(exchange, session);
    const { context, done, path } = session;
    try {
      const read = readRequest(exchange.method, path, exchange.query);
      if (!read.ok) return refuseUnreadUpgrade(exchange, { context, status: read.status });
      if (read.stream) {
        const { operation } = await withLabels(read.operation, {}, context, exchange.signal);
        return await relayStream({ ...exchange, path }, operation, context);
      }
      const { verb, subresource } = read.operation;
      const asMessages = verb === "watch" || subresource === "log";
      const judged = { ...exchange, path, query: read.query };
      const plain = asMessages ? exchangeOverWebSocket(judged, verb === "watch") : undefined;
      if (plain !== undefined) return await relayRequest(plain, read.operation, context);
      const status = failure("BadRequest", "this path is not one that can be upgraded");
      refuseUnreadUpgrade(exchange, { context, operation: read.operation, status });
    } finally {
      done();
    }
  }

  async #session(exchange: Exchange | UpgradeExchange) {
    const { serverName, known } = this.#options;
    const chosen = chooseResource(serverName, exchange.path);
    if (chosen === undefined)
      return failure(
        "NotFound",
        "the address names no cluster. Get one that does with: tw kube login CLUSTER (with --path where tls-server-name is not known)",
      );
    const turn = this.#turn.then(() => this.#open(chosen.resource, exchange));
    this.#turn = turn;
    const opened = await turn;
    if (!opened.ok) return opened.status;
    known();
    this.#last = opened.context;
    return { context: opened.context, done: opened.done, path: chosen.path };
  }

  async #open(resource: string, { headers, signal }: Exchange | UpgradeExchange): Promise<SessionResult> {
    const { host, sessions, stop } = this.#options;
    if (signal.aborted || this.#refused >= MAX_REFUSED)
      return { ok: false, status: failure("Unauthorized", "too many tokens that are not known") };
    const { authorization, "user-agent": userAgent } = headers;
    const opened = await sessions.of({ authorization, resource, userAgent, host });
    const unknown = !opened.ok && opened.status.code === UNAUTHORIZED;
    if (unknown && ++this.#refused >= MAX_REFUSED) setTimeout(stop, GOODBYE_MS).unref();
    return opened;
  }
}

const UNAUTHORIZED: KubeStatus["code"] = 401;
