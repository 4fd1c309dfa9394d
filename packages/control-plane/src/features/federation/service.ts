import { newId } from "@tidewaiter/core/ids";
import type { AccessTokens } from "../../signing/access-token.ts";
import type { ControlPlaneStore } from "../../storage/open-store.ts";
import type { Attempts } from "../login/attempts.ts";
import { IssuerKeys } from "./issuer-keys.ts";
import { claimedIssuer, MAX_TOKEN, verifyToken } from "./verify-token.ts";

/** RFC 8693, section 2.2.2, with the codes of RFC 6749, section 5.2. */
export type TokenError = "invalid_request" | "invalid_grant" | "unsupported_grant_type" | "temporarily_unavailable";

export type TokenAnswer =
  | { readonly ok: true; readonly accessToken: string; readonly expiresIn: number }
  | { readonly ok: false; readonly error: TokenError; readonly description: string };

export interface ExchangeRequest {
  readonly token: string;
  /** Name of a federation; needed only where several fit. */
  readonly federation: string | undefined;
  readonly address: string;
}

export interface FederationParts {
  readonly store: ControlPlaneStore;
  readonly tokens: AccessTokens;
  readonly attempts: Attempts;
  readonly now: () => number;
}

const NOT_TAKEN = "the token is not accepted: an administrator finds the reason in the audit log (federation.refused)";

/** Tokens of workloads (CI jobs, Kubernetes pods) for access tokens of ours. */
export class FederationService {
  readonly #parts: FederationParts;
  readonly #keys: IssuerKeys;

  constructor(parts: FederationParts) {
    this.#parts = parts;
    this.#keys = new IssuerKeys(parts.now);
  }

  /** @throws TidewaiterError `rate_limited` */
  async exchange({ token, federation: named, address }: ExchangeRequest): Promise<TokenAnswer> {
    const { store, tokens, attempts, now } = this.#parts;
    attempts.check(address, "token exchange");
    if (token.length > MAX_TOKEN) return this.#refuse(address, undefined, "it is too large");
    const issuer = claimedIssuer(token);
    if (issuer === undefined || issuer.length > 1000) return this.#refuse(address, undefined, "it is no JWT");
    const trusted = await store.units.federations.byIssuer({ issuer });
    const candidates = trusted.filter(({ name }) => named === undefined || name === named);
    // nothing is fetched for an issuer that nobody configured
    if (candidates.length === 0) return this.#refuse(address, undefined, "no federation trusts its issuer");
    const verified = await verifyToken({ token, candidates, keys: this.#keys, now: now() });
    if (!verified.ok) return this.#refuse(address, issuer, verified.reason);
    const { federation, identity } = verified;
    const lifeMs = federation.lifetimeSeconds * 1000;
    const issued = await tokens.issue(federation.principalId, { lifeMs });
    const mandateId = newId("fdt");
    const { jti, expiresAt } = issued;
    const exchange = { federationId: federation.id, identity, mandateId, jti, expiresAt, address };
    const done = await store.units.federations.exchange(exchange);
    if (!done.ok) return { ok: false, error: "invalid_grant", description: NOT_TAKEN };
    attempts.succeeded(address, "token exchange");
    return { ok: true, accessToken: issued.token, expiresIn: Math.floor(lifeMs / 1000) };
  }

  async #refuse(address: string, issuer: string | undefined, reason: string): Promise<TokenAnswer> {
    const data = { address, issuer: issuer ?? null, reason };
    await this.#parts.store.units.audit.append({ type: "federation.refused", data });
    return { ok: false, error: "invalid_grant", description: NOT_TAKEN };
  }
}
