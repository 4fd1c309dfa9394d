import { createHash, createPublicKey, type KeyObject, randomBytes, verify } from "node:crypto";
import type { AgentVerification } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import type { ControlPlaneStore } from "../../storage/open-store.ts";
import type { PrincipalRef } from "../principals/store.ts";

/** A challenge is short; a caller that sends more is wrong. */
const SIGNED_LIMIT = 4096;
const SIGNATURE_BYTES = 64;

export interface JoinRequest {
  readonly token: string;
  readonly publicKey: { readonly kty: "OKP"; readonly crv: "Ed25519"; readonly x: string };
  readonly version: string;
}

export class AgentService {
  readonly #store: ControlPlaneStore;
  readonly #now: () => number;

  constructor(store: ControlPlaneStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** Shown once; the store has its hash. 256 random bits, so a plain hash is enough. */
  async createToken(by: PrincipalRef, name: string, expiresInSeconds: number) {
    const token = `twj_${randomBytes(32).toString("base64url")}`;
    const expiresAt = new Date(this.#now() + expiresInSeconds * 1000).toISOString();
    await this.#store.units.agents.createToken({ by, name, tokenHash: hashToken(token), expiresAt });
    return { token, expiresAt };
  }

  async join(request: JoinRequest): Promise<{ id: string; name: string }> {
    const { kty, crv, x } = request.publicKey;
    const publicJwk = { kty, crv, x };
    importKey(publicJwk);
    const tokenHash = hashToken(request.token);
    const joined = await this.#store.units.agents.join({ tokenHash, publicJwk, version: request.version });
    if (joined === undefined) {
      throw new TidewaiterError("unauthenticated", "the join token is not valid: unknown, used or expired", {
        next: "Ask for a new one: tw agent token NAME",
      });
    }
    return joined;
  }

  async verify(agentId: string, signedBytes: Uint8Array, signature: Uint8Array): Promise<AgentVerification> {
    const known = await this.#store.units.agents.publicKey({ id: agentId });
    if (known === undefined) return { ok: false, reason: "the agent is unknown or was removed" };
    const plausible = signedBytes.length <= SIGNED_LIMIT && signature.length === SIGNATURE_BYTES;
    if (!plausible || !verify(null, signedBytes, importKey(known.publicJwk), signature)) {
      await this.#store.units.audit.append({ type: "agent.refused", data: { name: known.name, reason: "signature" } });
      return { ok: false, reason: "the signature is not the agent's" };
    }
    return { ok: true, name: known.name };
  }
}

function importKey(jwk: Record<string, unknown>): KeyObject {
  try {
    return createPublicKey({ key: jwk, format: "jwk" });
  } catch {
    throw new TidewaiterError("bad_request", "publicKey: not an Ed25519 public key (RFC 8037)");
  }
}

function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
