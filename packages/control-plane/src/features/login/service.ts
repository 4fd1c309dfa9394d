import type { Principal } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import type { AccessTokens } from "../../signing/access-token.ts";
import type { ControlPlaneStore } from "../../storage/open-store.ts";
import type { Attempts } from "./attempts.ts";
import type { IdentityProvider } from "./identity.ts";

/** Who makes a request. */
export interface Caller {
  readonly id: string;
  readonly name: string;
  readonly principal: Principal;
  readonly roles: readonly string[];
  readonly jti: string;
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
  async caller(token: string) {
    const claims = await this.#parts.tokens.verify(token);
    if (claims === undefined) return { ok: false, reason: "unknown" } as const;
    const holder = await this.#parts.store.units.login.holder(claims);
    if (!holder.ok) return holder;
    const { principal, roles } = holder;
    const { jti, expiresAt: tokenExpiresAt } = claims;
    const caller: Caller = { id: principal.id, name: principal.name, principal, roles, jti, tokenExpiresAt };
    return { ok: true, caller } as const;
  }

  logout(caller: Caller): Promise<void> {
    return this.#parts.store.units.login.revoke({ jti: caller.jti });
  }
}
