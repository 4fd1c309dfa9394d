import { type ChildProcess, spawn } from "node:child_process";
import { createPublicKey, type JsonWebKey, verify } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";
import { type AgentChange, createTunnelHub, type TunnelHub } from "../../src/tunnel-hub/index.ts";

const AGENT = fileURLToPath(new URL("../../../agent/bin/tidewaiter-agent.js", import.meta.url));
/** PEM. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
}

export const GATEWAY_ID = "gw-test";

/**
 * A real hub behind a real HTTP server, with a DOUBLE of the control plane: the join endpoint and the agents' public keys
 * are kept in memory here.
 */
export class TestGateway {
  readonly changes = new EventEmitter<{ change: [AgentChange] }>();
  readonly tokens = new Set<string>();
  readonly joinRequests: unknown[] = [];
  hub: TunnelHub;
  grantKeysStatement: string | undefined;
  grantKeys: { keys: JWK[] } = { keys: [] };
  signingKey: CryptoKey | undefined;
  #agentKeys = new Map<string, JsonWebKey>();
  #names = new Map<string, string>();
  #server: Server | undefined;
  #sockets = new Set<Socket>();
  #port = 0;
  readonly #tls: TlsIdentity | undefined;

  constructor(tls?: TlsIdentity) {
    this.#tls = tls;
    this.hub = this.#newHub();
  }

  static async start(tls?: TlsIdentity): Promise<TestGateway> {
    const gateway = new TestGateway(tls);
    const { privateKey, publicKey } = await generateKeyPair("EdDSA");
    gateway.signingKey = privateKey;
    gateway.grantKeys = { keys: [{ ...(await exportJWK(publicKey)), kid: "k1" }] };
    await gateway.listen();
    return gateway;
  }

  get url(): string {
    return `${this.#tls === undefined ? "ws" : "wss"}://127.0.0.1:${this.#port}`;
  }

  async listen(): Promise<void> {
    const onRequest = (request: IncomingMessage, response: ServerResponse): void =>
      void this.#serveJoin(request, response);
    const server = this.#tls === undefined ? createServer(onRequest) : createTlsServer(this.#tls, onRequest);
    server.on("upgrade", (request, socket, head) => this.hub.handleUpgrade(request, socket, head));
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Cuts every connection and stops listening, as a crash would. */
  async crash(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = once(server, "close");
    server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    await this.hub.close();
  }

  async restart(): Promise<void> {
    this.hub = this.#newHub();
    await this.listen();
  }

  forget(agentId: string): void {
    this.#agentKeys.delete(agentId);
  }

  /** Resolves with the next change of this kind. */
  async next<K extends AgentChange["kind"]>(kind: K): Promise<Extract<AgentChange, { kind: K }>> {
    for (;;) {
      const [change] = (await once(this.changes, "change")) as [AgentChange];
      if (change.kind === kind) return change as Extract<AgentChange, { kind: K }>;
    }
  }

  /** A session grant for `addr`, good unless told otherwise. */
  /** A grant to read one secret. */
  secretGrant(agentId: string, sec: string, claims: JWTPayload = {}, typ = "tw-secret-grant+jwt"): Promise<string> {
    return this.#sign(agentId, { sec, ...claims }, typ);
  }

  grant(agentId: string, addr: string, claims: JWTPayload = {}): Promise<string> {
    return this.#sign(agentId, { addr, ...claims }, "tw-session-grant+jwt");
  }

  #sign(agentId: string, claims: JWTPayload, typ: string): Promise<string> {
    if (this.signingKey === undefined) throw new Error("not started");
    const now = Math.floor(Date.now() / 1000);
    const payload = { iss: "tidewaiter", aud: agentId, gw: GATEWAY_ID, sid: "s-1", nbf: now, exp: now + 60 };
    return new SignJWT({ ...payload, ...claims })
      .setProtectedHeader({ alg: "EdDSA", typ, kid: "k1" })
      .sign(this.signingKey);
  }

  #newHub(): TunnelHub {
    return createTunnelHub({
      gatewayId: GATEWAY_ID,
      verifyAgent: (agentId, signedBytes, signature) => {
        const jwk = this.#agentKeys.get(agentId);
        if (jwk === undefined) return Promise.resolve({ ok: false, reason: "unknown agent" });
        const ok = verify(null, signedBytes, createPublicKey({ key: jwk, format: "jwk" }), signature);
        const name = this.#names.get(agentId) ?? "";
        return Promise.resolve(ok ? { ok, name } : { ok, reason: "wrong signature" });
      },
      grantKeys: () => this.grantKeys,
      grantKeysStatement: () => this.grantKeysStatement,
      onAgentChange: (change) => this.changes.emit("change", change),
      logger: { info: () => {}, warn: () => {} },
    });
  }

  async #serveJoin(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const body = JSON.parse(text) as { token: string; publicKey: JsonWebKey; name: string };
    this.joinRequests.push(body);
    if (request.url !== "/v1/agents/join" || !this.tokens.delete(body.token)) {
      response.writeHead(401, { "content-type": "application/problem+json" });
      response.end(JSON.stringify({ title: "Unauthorized", detail: "The join token is unknown or was used already." }));
      return;
    }
    const agentId = `agent-${this.#agentKeys.size + 1}`;
    this.#agentKeys.set(agentId, body.publicKey);
    this.#names.set(agentId, body.name);
    response.writeHead(200, { "content-type": "application/json" });
    const { grantKeys } = this;
    response.end(
      JSON.stringify({ agentId, name: body.name, grantKeys, gatewayId: GATEWAY_ID, tunnelUrls: [this.url] }),
    );
  }
}

/** A real agent process. */
export class TestAgent {
  readonly process: ChildProcess;
  log = "";
  readonly exit: Promise<number | null>;

  constructor(args: readonly string[], env: Readonly<Record<string, string>>) {
    this.process = spawn(process.execPath, [AGENT, ...args], {
      env: { PATH: process.env.PATH, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.on("data", (chunk) => {
        this.log += String(chunk);
      });
    }
    this.exit = once(this.process, "close").then(([code]) => code as number | null);
  }

  async stop(): Promise<void> {
    this.process.kill("SIGKILL");
    await this.exit;
  }
}

export async function temporaryDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "tidewaiter-agent-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
