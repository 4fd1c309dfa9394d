import type { Duplex } from "node:stream";
import { type SecureContext, TLSSocket } from "node:tls";
import type { Protocol, SessionHost } from "@tidewaiter/core";
import { chooseResource } from "./accept-client/choose-resource.ts";
import { type Exchange, refuseUpgrade, respondStatus, type UpgradeExchange } from "./accept-client/exchange.ts";
import { HttpConnections } from "./accept-client/http-connection.ts";
import { checkTarget } from "./check-target.ts";
import { readRequest } from "./request/read-request.ts";
import { withLabels } from "./session/object-labels.ts";
import { relayRequest } from "./session/relay-request.ts";
import { KubeSessions } from "./session/sessions.ts";
import { failure, type KubeStatus } from "./status.ts";
import { relayStream } from "./streams/relay-stream.ts";
import { type KubernetesTarget, kubernetesTargetSchema } from "./target-schema.ts";
import { exchangeOverWebSocket } from "./websocket/answer-as-messages.ts";

export interface KubernetesOptions {
  /** Certificate and key for the name that a client asks for; undefined name: none was said. */
  readonly secureContext: (serverName: string | undefined) => SecureContext;
  readonly handshakeMs?: number;
  readonly idleMs?: number;
}

const HANDSHAKE_MS = 30_000;
/** Tokens that are not known, on one connection. */
const MAX_REFUSED = 5;

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
    clearTimeout(deadline);
    // as tls.Server does at the end of the handshake: HTTP/2 waits for it
    Object.assign(socket, { secureConnecting: false });
    const serverName = typeof socket.servername === "string" ? socket.servername : undefined;
    connections.serve(socket, new Client({ serverName, host, sessions: shared.sessions, stop }));
  });
  await closed.promise;
  clearTimeout(deadline);
  host.signal.removeEventListener("abort", stop);
}

interface ClientOptions {
  readonly serverName: string | undefined;
  readonly host: SessionHost<Duplex>;
  readonly sessions: KubeSessions;
  readonly stop: () => void;
}

/** The requests of one connection. */
class Client {
  readonly #options: ClientOptions;
  #refused = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  request(exchange: Exchange): void {
    void this.#request(exchange);
  }

  upgrade(exchange: UpgradeExchange): void {
    void this.#upgrade(exchange);
  }

  async #request(exchange: Exchange): Promise<void> {
    const session = await this.#session(exchange);
    if ("kind" in session) return respondStatus(exchange, session);
    const { context, done, path } = session;
    try {
      const read = readRequest(exchange.method, path, exchange.query);
      if (!read.ok) return respondStatus(exchange, read.status);
      if (read.stream) return respondStatus(exchange, failure("BadRequest", "the request has to ask for an upgrade"));
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
      if (!read.ok) return refuseUpgrade(exchange, read.status);
      if (read.stream) {
        const operation = await withLabels(read.operation, undefined, context, exchange.signal);
        return await relayStream({ ...exchange, path }, operation, context);
      }
      const { verb, subresource } = read.operation;
      const asMessages = verb === "watch" || subresource === "log";
      const judged = { ...exchange, path, query: read.query };
      const plain = asMessages ? exchangeOverWebSocket(judged, verb === "watch") : undefined;
      if (plain !== undefined) return await relayRequest(plain, read.operation, context);
      refuseUpgrade(exchange, failure("BadRequest", "this path is not one that can be upgraded"));
    } finally {
      done();
    }
  }

  async #session(exchange: Exchange | UpgradeExchange) {
    const { serverName, host, sessions, stop } = this.#options;
    const chosen = chooseResource(serverName, exchange.path);
    if (chosen === undefined)
      return failure("NotFound", "the address names no cluster. Get one that does with: tw kube login CLUSTER");
    const { authorization, "user-agent": userAgent } = exchange.headers;
    const opened = await sessions.of({ authorization, resource: chosen.resource, userAgent, host });
    if (opened.ok) return { context: opened.context, done: opened.done, path: chosen.path };
    if (opened.status.code === UNAUTHORIZED && ++this.#refused >= MAX_REFUSED) setTimeout(stop, 1_000).unref();
    return opened.status;
  }
}

const UNAUTHORIZED: KubeStatus["code"] = 401;
