import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { Agent, request as httpRequest } from "node:http";
import { isIP } from "node:net";
import type { Duplex, Readable } from "node:stream";
import { createSecureContext, type SecureContext, connect as tlsConnect } from "node:tls";
import type { TargetCredential } from "@tidewaiter/core";
import type { KubernetesTarget } from "../target-schema.ts";
import { outliveWrites } from "./outlive-writes.ts";

/** Requests that run at a time, watches included; more wait. */
const MAX_CONNECTIONS = 256;
/** As many as a busy client sends at once: a new one costs more than what it carries. */
const MAX_IDLE = 64;
const IDLE_MS = 60_000;
const TLS_MS = 15_000;

export interface UpstreamRequest {
  readonly method: string;
  /** Of the API, with query. */
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body?: Readable | Uint8Array;
  /** A pod or service may answer: what it says of credentials is not about ours. */
  readonly forwarded?: true;
  readonly signal: AbortSignal;
}

export type Upgraded =
  | { readonly ok: true; readonly socket: Duplex; readonly head: Buffer; readonly headers: IncomingHttpHeaders }
  | { readonly ok: false; readonly response: IncomingMessage };

/** The API server of one session, over connections that are used again. */
export interface Upstream {
  /** @throws KubernetesTargetError, or an AbortError when `signal` is */
  request(request: UpstreamRequest): Promise<IncomingMessage>;
  /** @throws as `request` */
  upgrade(request: Omit<UpstreamRequest, "body">): Promise<Upgraded>;
  close(): void;
}

/** The API server could not be reached, is not who it should be, or cannot be told who asks. */
export class KubernetesTargetError extends Error {
  override readonly name = "KubernetesTargetError";
  readonly code: "unreachable" | "certificate" | "credential" | "identity";

  constructor(code: KubernetesTargetError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

export interface UpstreamOptions {
  readonly target: KubernetesTarget;
  readonly credential: TargetCredential;
  readonly dial: () => Promise<Duplex>;
  /** As the person knows it, for errors. */
  readonly resource: string;
}

export function createUpstream(options: UpstreamOptions): Upstream {
  const base = new URL(options.target.server);
  const prefix = base.pathname.replace(/\/$/, "");
  const agent = new TargetAgent(options);
  const send = ({ method, path, headers, signal }: Omit<UpstreamRequest, "body">) =>
    httpRequest({ agent, method, path: prefix + path, headers: { ...headers, host: base.host }, signal });
  const failed = (error: Error): Error => {
    if (error.name === "AbortError" || error instanceof KubernetesTargetError) return error;
    return new KubernetesTargetError("unreachable", `the API server of ${options.resource} hung up: ${error.message}`);
  };
  /** A request may end without a word about it. */
  const settled = (sent: ClientRequest, reject: (error: Error) => void): void => {
    let answered = false;
    const answers = () => {
      answered = true;
    };
    sent.once("response", answers).once("upgrade", answers);
    sent.on("error", (error) => reject(failed(error)));
    sent.once("close", () => {
      if (!answered) reject(failed(new Error("no answer")));
    });
  };
  return {
    request(asked) {
      const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
      const sent = send(asked);
      sent.once("response", resolve);
      settled(sent, reject);
      // nobody asked for another protocol
      sent.once("upgrade", (_, socket) => {
        socket.destroy();
        reject(failed(new Error("it switched protocols unasked")));
      });
      const { body } = asked;
      if (body === undefined || body instanceof Uint8Array) sent.end(body);
      else {
        body.once("error", () => sent.destroy());
        body.pipe(sent);
      }
      return promise;
    },
    upgrade(asked) {
      const { promise, resolve, reject } = Promise.withResolvers<Upgraded>();
      const sent = send(asked);
      sent.once("upgrade", ({ headers }, socket, head) => {
        socket.on("error", () => socket.destroy());
        outliveWrites(socket);
        resolve({ ok: true, socket, head, headers });
      });
      sent.once("response", (response) => resolve({ ok: false, response }));
      settled(sent, reject);
      sent.end();
      return promise;
    },
    close: () => agent.destroy(),
  };
}

/** Connections through the tunnel, with TLS on them. */
class TargetAgent extends Agent {
  readonly #options: UpstreamOptions;
  /** Reading certificates takes longer than a request. */
  #secureContext: SecureContext | undefined;

  constructor(options: UpstreamOptions) {
    super({
      keepAlive: true,
      maxSockets: MAX_CONNECTIONS,
      maxFreeSockets: MAX_IDLE,
      timeout: IDLE_MS,
      scheduling: "lifo",
    });
    this.#options = options;
  }

  override createConnection(_: unknown, callback?: (error: Error | null, stream: Duplex) => void): undefined {
    this.#connect().then(
      (socket) => callback?.(null, socket),
      // the signature knows no failure without a stream
      (error) => (callback as ((error: Error) => void) | undefined)?.(error),
    );
  }

  async #connect(): Promise<Duplex> {
    const { target, credential } = this.#options;
    this.#secureContext ??= createSecureContext({
      ...(target.ca !== undefined && { ca: target.ca }),
      ...(credential.type === "certificate" && { cert: credential.certificatePem, key: credential.privateKeyPem }),
      minVersion: "TLSv1.2",
    });
    return connectTls(this.#options, this.#secureContext);
  }
}

/** @throws KubernetesTargetError */
async function connectTls({ target, dial, resource }: UpstreamOptions, secureContext: SecureContext): Promise<Duplex> {
  const { hostname } = new URL(target.server);
  const name = target.tlsServerName ?? hostname.replace(/^\[|\]$/g, "");
  let stream: Duplex;
  try {
    stream = await dial();
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new KubernetesTargetError("unreachable", `${resource} is out of reach: ${detail}`);
  }
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  const socket = tlsConnect({
    socket: stream,
    host: name,
    ...(isIP(name) === 0 && { servername: name }),
    secureContext,
    ALPNProtocols: ["http/1.1"],
  });
  const timer = setTimeout(() => socket.destroy(new Error("TLS took too long")), TLS_MS);
  const failed = (error: Error & { code?: string }): void => {
    clearTimeout(timer);
    stream.destroy();
    const certificate = error.code?.startsWith("ERR_TLS") === true || CERTIFICATE_ERROR.test(error.code ?? "");
    const text = certificate
      ? `${resource} does not show a certificate for ${name} that its target's authorities have signed: ${error.message}`
      : `${resource} did not agree on TLS: ${error.message}`;
    reject(new KubernetesTargetError(certificate ? "certificate" : "unreachable", text));
  };
  socket.once("error", failed);
  socket.once("secureConnect", () => {
    clearTimeout(timer);
    socket.off("error", failed);
    resolve(socket);
  });
  stream.once("close", () => socket.destroy());
  return promise;
}

const CERTIFICATE_ERROR = /CERT|SIGNED|ISSUER|VERIFY/;
