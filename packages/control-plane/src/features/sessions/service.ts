import { randomBytes } from "node:crypto";
import type {
  AuthorizedSession,
  CheckAuthorization,
  CheckRequest,
  LeaseRenewal,
  LeaseState,
  OpenCredentialOptions,
  OpenedCredential,
  SessionAuthorization,
  SessionEnd,
  SessionRequest,
} from "@tidewaiter/core";
import { newId } from "@tidewaiter/core/ids";
import type { Sealer } from "../../seal/sealer.ts";
import type { SessionGrantSigner } from "../../signing/session-grant.ts";
import type { ControlPlaneStore } from "../../storage/open-store.ts";
import { type OpeningParts, openTargetCredential } from "../credentials/service.ts";
import { authorizeCheck } from "./check.ts";
import type { OpenedSession, SessionRow } from "./store.ts";

export interface SessionServiceParts extends OpeningParts {
  readonly store: ControlPlaneStore;
  readonly grants: SessionGrantSigner;
  readonly tokenKey: Buffer;
}

export class SessionService {
  readonly #parts: SessionServiceParts;

  constructor(parts: SessionServiceParts) {
    this.#parts = parts;
  }

  async authorize(request: SessionRequest): Promise<SessionAuthorization> {
    const { store, sealer } = this.#parts;
    const sessionId = newId("ses");
    return sealer.sealing(async () => {
      const { row, key } = sealer.newDataKey("session", sessionId);
      const opened = await store.units.sessions.authorize({ request, sessionId, recordingKey: row });
      if ("ok" in opened) return opened;
      const recordingKey = { keyId: row.id, key: key.toString("base64"), wrapped: row.wrapped };
      return { ok: true, session: await this.#authorized(opened, recordingKey) };
    });
  }

  async #authorized(
    opened: OpenedSession,
    recordingKey: AuthorizedSession["recordingKey"],
  ): Promise<AuthorizedSession> {
    const { row, principal, resource } = opened;
    const { id, level, grantId, startedAt, leaseExpiresAt, policyVersion, agentId } = row;
    const facts = { id, level, grantId, startedAt, leaseExpiresAt, policyVersion, agentId };
    const sessionGrant = await this.#sign(row);
    const tokenKey = this.#parts.tokenKey.toString("base64");
    return { ...facts, principal, resource, sessionGrant, recordingKey, tokenKey };
  }

  async authorizeCheck(request: CheckRequest): Promise<CheckAuthorization> {
    const found = await this.#parts.store.units.sessions.check(request);
    return "ok" in found ? found : authorizeCheck(this.#parts, request.gatewayId, found);
  }

  async renew(gatewayId: string, renewals: readonly LeaseRenewal[]): Promise<LeaseState[]> {
    const states = await this.#parts.store.units.sessions.renew({ gatewayId, sessions: renewals });
    return Promise.all(
      states.map(async (state): Promise<LeaseState> => {
        const { sessionId } = state;
        if (!state.ok) {
          this.#parts.grants.forget(sessionId);
          return { sessionId, ok: false, reason: state.reason };
        }
        const { principal, row, watched } = state;
        const { leaseExpiresAt } = row;
        return { sessionId, ok: true, leaseExpiresAt, sessionGrant: await this.#sign(row), principal, watched };
      }),
    );
  }

  async openCredential(sessionId: string, { refused }: OpenCredentialOptions = {}): Promise<OpenedCredential> {
    const { row, ...session } = await this.#parts.store.units.sessions.credential({ sessionId });
    return openTargetCredential(this.#parts, row, { sessionId, ...session, refused });
  }

  async end(sessionId: string, end: SessionEnd): Promise<void> {
    this.#parts.grants.forget(sessionId);
    void this.#parts.secretResolver.release(sessionId);
    await this.#parts.store.units.sessions.end({ sessionId, end });
  }

  #sign(row: SessionRow): Promise<string> {
    const { id: sessionId, agentId, gatewayId, address } = row;
    return this.#parts.grants.sign({ sessionId, agentId, gatewayId, address });
  }
}

/** One key for all sessions: tokens of one value are the same everywhere, so that joins over masked data still work. */
export async function openTokenKey(store: ControlPlaneStore, sealer: Sealer): Promise<Buffer> {
  const place = { noun: "settings", id: "token_key", field: "key" };
  const sealed = await sealer.sealing(async () => {
    const { sealed: candidate, dataKey } = sealer.seal(place, randomBytes(32));
    return store.units.seal.sealedSetting({ name: "token_key", candidate, dataKey });
  });
  return sealer.open(place, sealed);
}
