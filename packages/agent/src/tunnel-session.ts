import type { KeyObject } from "node:crypto";
import {
  type Challenge,
  decodeDialRequest,
  decodeGatewayMessage,
  encodeAgentMessage,
  MalformedMessageError,
  type SecretRequest,
  TUNNEL_PATH,
} from "@tidewaiter/contract/tunnel/index";
import { type CloseReason, connectTunnel, createMux, type Mux, type StreamOffer } from "@tidewaiter/tunnel";
import type { JSONWebKeySet } from "jose";
import type { Address } from "./address.ts";
import { answerChallenge } from "./agent-auth.ts";
import type { AllowList } from "./allow-list.ts";
import { dial } from "./dial.ts";
import { AgentError, wireReason } from "./errors.ts";
import type { Log } from "./log.ts";
import { relay } from "./relay.ts";
import type { SecretSource } from "./secrets.ts";
import {
  type GrantExpectations,
  sharesKey,
  verifyGrantKeys,
  verifySecretGrant,
  verifySessionGrant,
} from "./session-grant.ts";

export const HEALTH_INTERVAL_MS = 15_000;
const HANDSHAKE_DEADLINE_MS = 10_000;
/** How long open streams may go on after a wish to stop. */
const STOP_GRACE_MS = 5_000;
const KIB = 1024;

/** The keys whose grants are followed: shared by all tunnels, kept across restarts. */
export interface GrantKeyStore {
  readonly keys: JSONWebKeySet;
  replace(keys: JSONWebKeySet): Promise<void>;
}

export interface TunnelContext {
  readonly agentId: string;
  readonly key: KeyObject;
  readonly version: string;
  readonly grantKeys: GrantKeyStore;
  readonly allowList: AllowList;
  readonly secrets: SecretSource;
  readonly log: Log;
  /** Aborted when the agent shall stop. */
  readonly signal: AbortSignal;
}

/**
 * One tunnel from connect to end: connect, answer the challenge, then serve dials and secrets.
 *
 * @param onWelcome called when the gateway accepted this agent
 * @returns why the tunnel ended
 * @throws AgentError `auth_refused` | `handshake`, TunnelError when there is no connection
 */
export async function runTunnel(url: string, context: TunnelContext, onWelcome: () => void): Promise<CloseReason> {
  const socket = await connectTunnel(new URL(TUNNEL_PATH, url).href, { signal: context.signal });
  const session = new TunnelSession(url, context);
  const mux = createMux(socket, {
    role: "agent",
    onOpen: (offer) => session.offered(offer),
    onControl: (bytes) => session.control(bytes),
  });
  return session.run(mux, onWelcome);
}

class TunnelSession {
  readonly #url: string;
  readonly #context: TunnelContext;
  readonly #welcomed = Promise.withResolvers<void>();
  #mux: Mux | undefined;
  #gatewayId: string | undefined;
  #isWelcome = false;

  constructor(url: string, context: TunnelContext) {
    this.#url = url;
    this.#context = context;
  }

  async run(mux: Mux, onWelcome: () => void): Promise<CloseReason> {
    this.#mux = mux;
    const { signal } = this.#context;
    const stop = (): void => void mux.shutdown({ code: "going_away", text: "the agent stops" }, STOP_GRACE_MS);
    const deadline = setTimeout(
      () => this.#welcomed.reject(new AgentError("handshake", "the gateway did not finish the handshake in time")),
      HANDSHAKE_DEADLINE_MS,
    );
    let health: NodeJS.Timeout | undefined;
    try {
      signal.addEventListener("abort", stop, { once: true });
      const early = await Promise.race([this.#welcomed.promise, mux.closed]);
      if (early !== undefined) return early;
      clearTimeout(deadline);
      onWelcome();
      this.#reportHealth();
      health = setInterval(() => this.#reportHealth(), HEALTH_INTERVAL_MS);
      return await mux.closed;
    } catch (error) {
      mux.close({ code: "handshake", text: "" });
      throw error;
    } finally {
      clearTimeout(deadline);
      clearInterval(health);
      signal.removeEventListener("abort", stop);
    }
  }

  /** A control message of the gateway; its bytes are valid only during the call. */
  control(bytes: Buffer): void {
    try {
      const message = decodeGatewayMessage(Buffer.from(bytes));
      if (message.challenge !== undefined) this.#challenged(message.challenge);
      else if (message.welcome !== undefined) this.#welcome();
      else if (message.refused !== undefined) {
        const { code, text } = message.refused;
        throw new AgentError("auth_refused", text === "" ? code : text);
      } else if (message.secretRequest !== undefined) void this.#serveSecret(message.secretRequest);
    } catch (error) {
      const known = error instanceof AgentError || !(error instanceof MalformedMessageError);
      this.#welcomed.reject(known ? error : new AgentError("handshake", "malformed control message"));
      if (this.#isWelcome) this.#mux?.close({ code: "protocol", text: "malformed control message" });
    }
  }

  #challenged(challenge: Challenge): void {
    if (this.#gatewayId !== undefined) throw new AgentError("handshake", "second challenge");
    this.#gatewayId = challenge.gatewayId;
    this.#answer(challenge).catch((error: unknown) => this.#welcomed.reject(error));
  }

  async #answer(challenge: Challenge): Promise<void> {
    const { agentId, key, version, grantKeys, log } = this.#context;
    // First: a grant by a new key may follow the welcome at once.
    if (challenge.grantKeysJws !== "") await this.#rotateKeys(challenge.grantKeysJws);
    if (!sharesKey(challenge.grantKeysJson, grantKeys.keys)) {
      log.warn("the gateway's grants are signed by keys this agent does not trust; it must join again");
    }
    const tunnelVersion = this.#mux?.version ?? 0;
    this.#send({ auth: answerChallenge(challenge, { agentId, key, url: this.#url, version, tunnelVersion }) });
  }

  #welcome(): void {
    if (this.#gatewayId === undefined) throw new AgentError("handshake", "welcome without challenge");
    this.#isWelcome = true;
    this.#welcomed.resolve();
  }

  async #rotateKeys(token: string): Promise<void> {
    const { grantKeys, log } = this.#context;
    try {
      await grantKeys.replace(await verifyGrantKeys(token, grantKeys.keys));
    } catch (error) {
      log.warn("new grant keys not accepted", { reason: error instanceof AgentError ? error.message : "not stored" });
    }
  }

  /** The gateway asks for a stream to a target. */
  offered(offer: StreamOffer): void {
    void this.#serveOffer(offer);
  }

  async #serveOffer(offer: StreamOffer): Promise<void> {
    const { log } = this.#context;
    let session: string | undefined;
    try {
      const request = decodeDialRequest(offer.metadata);
      const grant = await this.#verify(request.sessionGrant, request.address);
      session = grant.sessionId;
      const target = await dial(grant.address, offer.signal);
      if (offer.signal.aborted) {
        target.socket.destroy();
        return;
      }
      relay(offer.accept(), target, (error) => log.info("stream ended", { session, reason: error?.message }));
      log.info("stream opened", { session });
    } catch (error) {
      const reason =
        error instanceof MalformedMessageError
          ? { code: "grant_invalid", text: "malformed request" }
          : wireReason(error);
      log.warn("dial refused", { session, code: reason.code, reason: reason.text });
      offer.refuse(reason);
    }
  }

  /** @param index of the address that is asked for */
  async #verify(token: string, index = 0): Promise<{ readonly sessionId: string; readonly address: Address }> {
    const { allowList } = this.#context;
    const { sessionId, addresses } = await verifySessionGrant(token, this.#expected());
    const address = addresses[index];
    if (address === undefined) throw new AgentError("grant_invalid", "the session grant names no such address");
    if (!allowList.permits(address)) {
      throw new AgentError("not_allowed", "the address is not on this agent's allow-list");
    }
    return { sessionId, address };
  }

  #expected(): GrantExpectations {
    const { agentId, grantKeys } = this.#context;
    if (!this.#isWelcome || this.#gatewayId === undefined) throw new AgentError("wrong_session", "not welcome yet");
    return { keys: grantKeys.keys, agentId, gatewayId: this.#gatewayId };
  }

  async #serveSecret(request: SecretRequest): Promise<void> {
    const { requestId, name } = request;
    try {
      const { sessionId } = await verifySecretGrant(request.sessionGrant, name, this.#expected());
      const value = await this.#context.secrets.read(name);
      this.#context.log.info("secret read", { session: sessionId, name });
      this.#send({ secretResponse: { requestId, value } });
    } catch (error) {
      const refused = wireReason(error);
      this.#context.log.warn("secret refused", { code: refused.code });
      this.#send({ secretResponse: { requestId, refused } });
    }
  }

  #reportHealth(): void {
    this.#send({
      health: {
        version: this.#context.version,
        uptimeSeconds: Math.floor(process.uptime()),
        openStreams: this.#mux?.streams ?? 0,
        rssKib: Math.floor(process.memoryUsage.rss() / KIB),
      },
    });
  }

  #send(message: Parameters<typeof encodeAgentMessage>[0]): void {
    try {
      this.#mux?.sendControl(encodeAgentMessage(message));
    } catch {
      // The tunnel closed meanwhile; whoever waits for its end is told.
    }
  }
}
