import type { Principal } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import type { Rights } from "../../permissions.ts";
import type { AccessTokens } from "../../signing/access-token.ts";
import type { ControlPlaneStore } from "../../storage/open-store.ts";
import type { HeldMandate, Holder } from "../mandates/holder.ts";
import { hashMandateSecret, isMandateSecret } from "../mandates/mandate.ts";
import type { Attempts } from "./attempts.ts";
import type { IdentityProvider } from "./identity.ts";

/** Who makes a request. */
export interface Caller {
  readonly id: string;
  readonly name: string;
  readonly principal: Principal;
  /** By themselves and by their groups. */
  readonly roles: readonly string[];
  readonly rights: Rights;
  /** What the caller came with, where that is less than the principal may. */
  readonly mandate?: HeldMandate;
  /** Of an access token. */
  readonly jti?: string;
  readonly tokenExpiresAt: string;
}

export interface LoginServiceParts {
  readonly store: ControlPlaneStore;
  readonly tokens: AccessTokens;
  readonly identity: IdentityProvider;
  readonly attempts: Attempts;
}

export class LoginService {
  readonly #parts: LoginServiceParts;

  constructor(parts: LoginServiceParts) {
    this.#parts = parts;
  }

  async login(name: string, password: string, address: string) {
    const { store, tokens, identity, attempts } = this.#parts;
    attempts.check(address, name);
    const found = await identity.authenticate(name, password);
    if (found === undefined) {
      // The name is as typed: people type their password there, so it is not written down.
      await store.units.audit.append({ type: "login.refused", data: { address, provider: identity.name } });
      throw new TidewaiterError("unauthenticated", "name and password do not fit");
    }
    attempts.succeeded(address, name);
    const { token, jti, expiresAt } = await tokens.issue(found.principalId);
    await store.units.login.issued({ jti, principalId: found.principalId, expiresAt, address });
    const holder = await store.units.login.holder({ jti, principalId: found.principalId });
    if (!holder.ok) throw new TidewaiterError("unauthenticated", "name and password do not fit");
    return { accessToken: token, expiresAt, principal: holder.principal, roles: holder.roles };
  }

  /** Who the token stands for now, or why not. Rights are read anew at each use. */
  async caller(token: string, address?: string) {
    if (isMandateSecret(token)) return this.#mandateHolder(token, address);
    const claims = await this.#parts.tokens.verify(token);
    if (claims === undefined) return { ok: false, reason: "unknown" } as const;
    const holder = await this.#parts.store.units.login.holder(claims);
    if (!holder.ok) return holder;
    const { jti, expiresAt: tokenExpiresAt } = claims;
    return { ok: true, caller: { ...toCaller(holder, tokenExpiresAt), jti } } as const;
  }

  /** An API key or a delegation. Its last use is written down beside the request, which does not wait for it. */
  async #mandateHolder(secret: string, from: string | undefined) {
    const { mandates } = this.#parts.store.units;
    const found = await mandates.holder({ secretHash: hashMandateSecret(secret) });
    if (found === undefined) return { ok: false, reason: "unknown" } as const;
    const { id, holder } = found;
    if (!holder.ok) {
      await mandates.refused({ id, reason: holder.reason, from });
      return holder;
    }
    await mandates.used({ id, from });
    return { ok: true, caller: toCaller(holder, holder.mandate?.expiresAt ?? "") } as const;
  }

  /** Nothing to do for a key: it is revoked, not signed out. */
  async logout({ jti }: Caller): Promise<void> {
    if (jti !== undefined) await this.#parts.store.units.login.revoke({ jti });
  }
}

function toCaller(holder: Extract<Holder, { ok: true }>, tokenExpiresAt: string): Caller {
  const { ok: _, principal, ...rights } = holder;
  return { id: principal.id, name: principal.name, principal, ...rights, tokenExpiresAt };
}
