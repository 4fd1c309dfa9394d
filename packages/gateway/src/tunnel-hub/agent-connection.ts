import {
  type AgentAuth,
  type AgentMessage,
  decodeAgentMessage,
  encodeDialRequest,
  encodeGatewayMessage,
  type GatewayMessage,
  type Health,
  MalformedMessageError,
  type SecretResponse,
} from "@tidewaiter/contract/tunnel/index";
import {
  type CloseReason,
  createMux,
  type Mux,
  type MuxStream,
  TunnelError,
  type TunnelSocket,
  type WireReason,
} from "@tidewaiter/tunnel";
import { type Authentication, authenticateAgent, newNonce, type VerifyAgent } from "./authenticate-agent.ts";
import { TunnelHubError } from "./errors.ts";

const SECRET_DEADLINE_MS = 10_000;
const MAX_PENDING_SECRETS = 256;

export interface AgentHealth {
  readonly at: Date;
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly openStreams: number;
  readonly rssKib: number;
}

export interface StreamRequest {
  readonly sessionGrant: string;
  /** Index of one of the grant's addresses; default the first. */
  readonly address?: number;
  readonly signal?: AbortSignal;
}

export interface ConnectionOptions {
  readonly gatewayId: string;
  readonly hosts: readonly string[];
  readonly grantKeysJson: string;
  readonly grantKeysJws: string;
  readonly verifyAgent: VerifyAgent;
  readonly handshakeDeadline: number;
  onHealth(health: AgentHealth): void;
}

interface PendingSecret {
  resolve(value: Uint8Array): void;
  reject(error: TunnelHubError): void;
}

export type AuthenticatedAgent = Extract<Authentication, { ok: true }> & { readonly agentId: string };

/** One tunnel of one agent: the handshake, then streams and secrets on request. */
export class AgentConnection {
  readonly #options: ConnectionOptions;
  readonly #mux: Mux;
  readonly #auth = Promise.withResolvers<AgentAuth>();
  #phase: "challenged" | "judging" | "welcome" = "challenged";
  readonly #secrets = new Map<number, PendingSecret>();
  #lastRequestId = 0;
  #isOver = false;

  constructor(socket: TunnelSocket, options: ConnectionOptions) {
    this.#options = options;
    this.#mux = createMux(socket, { role: "gateway", onControl: (bytes) => this.#control(bytes) });
    // An agent that is gone before its answer leaves nobody waiting for it.
    this.#auth.promise.catch(() => {});
    void this.closed.then(() => {
      this.#isOver = true;
      this.#failSecrets();
    });
  }

  get closed(): Promise<CloseReason> {
    return this.#mux.closed;
  }

  get streams(): number {
    return this.#mux.streams;
  }

  /** Challenge, answer, judgement. When refused the tunnel is closed and `reason` says why, for a log. */
  async authenticate(): Promise<AuthenticatedAgent | { readonly ok: false; readonly reason: string }> {
    const nonce = newNonce();
    const { gatewayId, hosts, verifyAgent, grantKeysJson, grantKeysJws, handshakeDeadline } = this.#options;
    const deadline = setTimeout(() => this.close({ code: "handshake", text: "too slow" }), handshakeDeadline);
    try {
      await this.#mux.ready;
      this.#send({ challenge: { gatewayId, nonce, grantKeysJson, grantKeysJws } });
      const auth = await Promise.race([this.#auth.promise, this.closed.then(({ reason }) => reason)]);
      if ("code" in auth) return { ok: false, reason: auth.text === "" ? auth.code : auth.text };
      const result = await authenticateAgent(auth, { gatewayId, nonce, hosts, verifyAgent });
      // Verification may take longer than the agent, or the deadline, did.
      if (this.#isOver) return { ok: false, reason: "the tunnel ended before the agent was verified" };
      if (result.ok) return { ...result, agentId: auth.agentId };
      this.#send({ refused: { code: "auth_refused", text: result.reason } });
      this.close({ code: "auth_refused", text: result.reason });
      return result;
    } catch (error) {
      if (error instanceof TunnelError) return { ok: false, reason: error.message };
      this.close({ code: "internal", text: "" });
      throw error;
    } finally {
      clearTimeout(deadline);
    }
  }

  welcome(agentName: string): void {
    this.#phase = "welcome";
    this.#send({ welcome: { agentName } });
  }

  /** @throws TunnelHubError */
  async openStream({ sessionGrant, address = 0, signal }: StreamRequest): Promise<MuxStream> {
    try {
      return await this.#mux.open(encodeDialRequest({ sessionGrant, address }), signal === undefined ? {} : { signal });
    } catch (error) {
      throw error instanceof TunnelError ? hubError(error) : error;
    }
  }

  /** @throws TunnelHubError */
  async fetchSecret(secretGrant: string, name: string): Promise<Uint8Array> {
    if (this.#secrets.size >= MAX_PENDING_SECRETS) throw new TunnelHubError("agent_busy", "too many secrets asked for");
    const requestId = ++this.#lastRequestId;
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    this.#secrets.set(requestId, { resolve, reject });
    const late = new TunnelHubError("agent_timeout", "the agent did not answer in time");
    const deadline = setTimeout(() => reject(late), SECRET_DEADLINE_MS);
    try {
      this.#send({ secretRequest: { requestId, sessionGrant: secretGrant, name } });
      return await promise;
    } finally {
      clearTimeout(deadline);
      this.#secrets.delete(requestId);
    }
  }

  close(reason: WireReason): void {
    this.#mux.close(reason);
  }

  #control(bytes: Buffer): void {
    try {
      // A copy: what is kept of the message must not hold the WebSocket's memory.
      this.#dispatch(decodeAgentMessage(Buffer.from(bytes)));
    } catch (error) {
      if (!(error instanceof MalformedMessageError)) throw error;
      this.close({ code: "protocol", text: "malformed control message" });
    }
  }

  #dispatch(message: AgentMessage): void {
    if (message.auth !== undefined && this.#phase === "challenged") {
      this.#phase = "judging";
      this.#auth.resolve(message.auth);
    } else if (this.#phase !== "welcome" || message.auth !== undefined) {
      this.close({ code: "protocol", text: "message out of order" });
    } else if (message.health !== undefined) this.#healthReported(message.health);
    else if (message.secretResponse !== undefined) this.#secretAnswered(message.secretResponse);
  }

  #healthReported(health: Health): void {
    this.#options.onHealth({ at: new Date(), ...health });
  }

  #secretAnswered({ requestId, value, refused }: SecretResponse): void {
    const pending = this.#secrets.get(requestId);
    if (refused !== undefined) pending?.reject(new TunnelHubError("agent_refused", refused.text, refused));
    else pending?.resolve(value ?? new Uint8Array(0));
  }

  #failSecrets(): void {
    for (const { reject } of this.#secrets.values()) reject(new TunnelHubError("agent_offline", "the agent was lost"));
  }

  #send(message: GatewayMessage): void {
    try {
      this.#mux.sendControl(encodeGatewayMessage(message));
    } catch (error) {
      throw error instanceof TunnelError && this.#phase === "welcome" ? hubError(error) : error;
    }
  }
}

function hubError(error: TunnelError): TunnelHubError {
  switch (error.code) {
    case "refused":
      return new TunnelHubError("agent_refused", error.message, error.reason);
    case "cancelled":
      return new TunnelHubError("cancelled", error.message);
    case "too_many_streams":
      return new TunnelHubError("agent_busy", error.message);
    default:
      return new TunnelHubError("agent_offline", error.message, error.reason);
  }
}
