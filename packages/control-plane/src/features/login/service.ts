import type { Principal } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import type { Rights } from "../../permissions.ts";
import type { AccessTokens } from "../../signing/access-token.ts";
import type { ControlPlaneStore } from "../../storage/open-store.ts";
import type { HeldMandate, Holder } from "../mandates/holder.ts";
import { hashMandateSecret, isMandateSecret } from "../mandates/mandate.ts";
import type { Attempts } from "./attempts.ts";
import type { IdentityProvider } from "./identity.ts";
import { hashToken, isRefreshToken, newRefreshToken } from "./refresh-tokens.ts";
import type { NewSignIn } from "./sign-ins.ts";

/** Who makes a request, and how that was proven. */
export interface Caller {
  readonly id: string;
  readonly name: string;
  readonly principal: Principal;
  /** By themselves and by their groups. */
  readonly roles: readonly string[];
  readonly rights: Rights;
  readonly via: "token" | "web" | "api_key";
  /** When the person last gave proof of who they are, ISO 8601; a step-up makes it new. */
  readonly authenticatedAt: string;
  /** By what: RFC 8176 values such as `pwd`, `otp`, `hwk`, `mfa`. None where nobody signed in, as with an API key. */
  readonly methods: readonly string[];
  /** `local`, or the name of the identity provider. */
  readonly provider: string;
  /** What ends with a logout; an API key has none. */
  readonly signInId?: string;
  /** What the caller came with, where that is less than the principal may. */
  readonly mandate?: HeldMandate;
  /** Of an access token. */
  readonly jti?: string;
  /** Until when the proof of this request holds, ISO 8601. */
  readonly expiresAt: string;
}

export interface LoginServiceParts {
  readonly store: ControlPlaneStore;
  readonly tokens: AccessTokens;
  readonly identity: IdentityProvider;
  readonly attempts: Attempts;
  readonly now: () => number;
  /** How long a sign-in holds, however often it is refreshed; milliseconds. */
  readonly signInLifeMs: number;
}

/** A sign-in that is about to be opened: everything but what the service knows itself. */
export type ProvenIdentity = Omit<NewSignIn, "expiresAt">;

export interface OpenedSignIn {
  readonly principalId: string;
  readonly signInId: string;
  readonly signInExpiresAt: string;
}

const REFRESH_REFUSED = {
  unknown: "the refresh token is not known",
  reused: "the refresh token was used before, so the whole sign-in was ended",
  revoked: "the sign-in was ended",
  expired: "the sign-in has expired",
  disabled: "you were disabled",
} as const;

export class LoginService {
  readonly #parts: LoginServiceParts;

  constructor(parts: LoginServiceParts) {
    this.#parts = parts;
  }

  /** @throws `rate_limited`, or `unauthenticated` with one text for whatever does not fit */
  async checkPassword(name: string, password: string, address: string): Promise<Omit<ProvenIdentity, "via">> {
    const { store, identity, attempts } = this.#parts;
    attempts.check(address, name);
    const found = await identity.authenticate(name, password);
    if (found === undefined) {
      // The name is as typed: people type their password there, so it is not written down.
      await store.units.audit.append({ type: "login.refused", data: { address, provider: identity.name } });
      throw doesNotFit();
    }
    attempts.succeeded(address, name);
    return { principalId: found.principalId, provider: identity.name, methods: ["pwd"], address };
  }

  /** Opens a sign-in for a client that holds tokens, and gives the first one. */
  async signIn(proven: Omit<ProvenIdentity, "via">) {
    const { signInId, expiresAt } = await this.open({ ...proven, via: "token" });
    return this.issueTokens({ principalId: proven.principalId, signInId, signInExpiresAt: expiresAt });
  }

  /** When a sign-in of this instant ends at the latest, ISO 8601. */
  signInEnd(): string {
    return new Date(this.#parts.now() + this.#parts.signInLifeMs).toISOString();
  }

  /** Opens a sign-in; the caller gives out what the client holds for it. */
  open(proven: ProvenIdentity): Promise<{ readonly signInId: string; readonly expiresAt: string }> {
    return this.#parts.store.units.login.signIn({ signIn: { ...proven, expiresAt: this.signInEnd() } });
  }

  /** The first tokens of a sign-in: an access token, and a refresh token for the next ones. */
  async issueTokens(opened: OpenedSignIn) {
    const refreshToken = newRefreshToken();
    return { ...(await this.#accessToken(opened, hashToken(refreshToken))), refreshToken };
  }

  /** New tokens for a refresh token, which is of no use any more. @throws `unauthenticated` */
  async refresh(refreshToken: string) {
    const next = newRefreshToken();
    const args = { tokenHash: hashToken(refreshToken), nextHash: hashToken(next) };
    const { login } = this.#parts.store.units;
    const known = isRefreshToken(refreshToken) && (await login.knowsRefreshToken({ tokenHash: args.tokenHash }));
    const refreshed = known ? await login.refresh(args) : ({ ok: false, reason: "unknown" } as const);
    if (!refreshed.ok) {
      throw new TidewaiterError("unauthenticated", REFRESH_REFUSED[refreshed.reason], { next: "tw login" });
    }
    return { ...(await this.#accessToken(refreshed)), refreshToken: next };
  }

  async #accessToken({ principalId, signInId, signInExpiresAt }: OpenedSignIn, refreshHash?: string) {
    const { store, tokens, now } = this.#parts;
    const left = Date.parse(signInExpiresAt) - now();
    const { token, jti, expiresAt } = await tokens.issue(principalId, { atMostMs: left });
    const first = refreshHash === undefined ? {} : { refreshHash };
    await store.units.login.tokenIssued({ jti, principalId, signInId, expiresAt, ...first });
    const holder = await store.units.login.holder({ jti, principalId });
    if (!holder.ok) throw doesNotFit();
    const { principal, roles } = holder;
    return { accessToken: token, expiresAt, signInExpiresAt, principal, roles };
  }

  /** Who the token stands for now, or why not. Rights are read anew at each use. */
  async caller(token: string, address?: string) {
    if (isMandateSecret(token)) return this.#mandateHolder(token, address);
    const claims = await this.#parts.tokens.verify(token);
    if (claims === undefined) return { ok: false, reason: "unknown" } as const;
    const holder = await this.#parts.store.units.login.holder(claims);
    if (!holder.ok) return holder;
    const { jti, expiresAt } = claims;
    return { ok: true, caller: toCaller(holder, { via: "token", expiresAt, jti }) } as const;
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
    const expiresAt = holder.mandate?.expiresAt ?? "";
    return { ok: true, caller: toCaller(holder, { via: "api_key", expiresAt }) } as const;
  }

  /** Nothing to do for a key: it is revoked, not signed out. */
  logout({ signInId, jti }: Caller): Promise<void> {
    return this.#parts.store.units.login.end({ signInId, jti, reason: "you signed out" });
  }
}

const NEVER = "1970-01-01T00:00:00.000Z";

export function toCaller(
  holder: Extract<Holder, { ok: true }>,
  proof: Pick<Caller, "via" | "expiresAt" | "jti">,
): Caller {
  const { ok: _, principal, signIn, ...held } = holder;
  const { provider = "local", authenticatedAt = NEVER, methods = [] } = signIn ?? {};
  const how = { provider, authenticatedAt, methods, ...(signIn === undefined ? {} : { signInId: signIn.id }) };
  return { id: principal.id, name: principal.name, principal, ...held, ...how, ...proof };
}

function doesNotFit(): TidewaiterError {
  return new TidewaiterError("unauthenticated", "name and password do not fit");
}
