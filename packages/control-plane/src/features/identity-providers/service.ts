import { createHash, createHmac, randomBytes } from "node:crypto";
import { TidewaiterError } from "@tidewaiter/core/errors";
import type { Sealer } from "../../seal/sealer.ts";
import type { ControlPlaneStore } from "../../storage/open-store.ts";
import type { ProvenIdentity } from "../login/service.ts";
import { type Claims, mapIdentity } from "./mapped-identity.ts";
import { type Challenge, type OidcClients, type ProviderAnswer, RefusedByProvider } from "./oidc-client.ts";
import { durationMs } from "./settings.ts";
import type { ProviderRow } from "./store.ts";

export interface IdentityProviderParts {
  readonly store: ControlPlaneStore;
  readonly sealer: Sealer;
  readonly clients: OidcClients;
  readonly now: () => number;
  /** Base URL under which browsers find us. */
  readonly web: () => string;
}

export type SignedIn =
  | { readonly ok: true; readonly proven: Omit<ProvenIdentity, "via">; readonly next: string }
  | { readonly ok: false; readonly reason: string; readonly next: string };

const ID = /^[A-Za-z0-9_-]{43}$/;

/** Signing in at identity providers: a browser is sent there with a cookie of ours, and comes back with their answer. */
export class IdentityProviders {
  readonly #parts: IdentityProviderParts;

  constructor(parts: IdentityProviderParts) {
    this.#parts = parts;
  }

  /** Resolves to the value of the cookie and the address at the provider. @throws `not_found`, `target_unreachable` */
  async begin(name: string, next: string): Promise<{ readonly cookie: string; readonly url: URL }> {
    const { store, clients } = this.#parts;
    const provider = await this.require(name);
    const cookie = randomBytes(32).toString("base64url");
    const url = await this.#failuresNoted(provider, () =>
      clients.authorizationUrl(provider.settings, this.redirectUri(name), challengeOf(cookie)),
    );
    const begun = await store.units.pendingSignIns.begin({ idHash: hash(cookie), provider: name, next });
    if (!begun) throw new TidewaiterError("rate_limited", "too many people sign in at this moment");
    return { cookie, url };
  }

  /** The answer of the provider. It counts once, and only in the browser that was sent. @throws `target_unreachable` */
  async finish(name: string, cookie: string | undefined, query: string, address: string): Promise<SignedIn> {
    const { store, clients } = this.#parts;
    const provider = await this.require(name);
    const pending =
      cookie === undefined || !ID.test(cookie)
        ? undefined
        : await store.units.pendingSignIns.take({ idHash: hash(cookie), provider: name });
    if (cookie === undefined || pending === undefined) {
      return this.#refused(name, address, "this sign-in was not begun here, or took too long", "/");
    }
    const { next } = pending;
    const callback = new URL(`${this.redirectUri(name)}?${query}`);
    try {
      const answer = await this.watched(provider, () =>
        clients.redeem(provider.settings, callback, challengeOf(cookie)),
      );
      return await this.#accept(provider, answer, address, next);
    } catch (error) {
      if (!(error instanceof RefusedByProvider)) throw error;
      return this.#refused(name, address, `the provider's answer was not accepted (${wordOf(error)})`, next);
    }
  }

  async require(name: string): Promise<ProviderRow> {
    const provider = await this.#parts.store.units.identityProviders.get({ name });
    if (provider === undefined) throw new TidewaiterError("not_found", `there is no identity provider ${name}`);
    return provider;
  }

  redirectUri(name: string): string {
    return `${this.#parts.web()}/sign-in/${name}/callback`;
  }

  async #accept(provider: ProviderRow, answer: ProviderAnswer, address: string, next: string): Promise<SignedIn> {
    const { name, settings } = provider;
    const mapped = mapIdentity(settings, answer.claims);
    if (!mapped.ok) return this.#refused(name, address, mapped.reason, next);
    const { identities } = this.#parts.store.units;
    const accepted = await identities.accept({ provider: name, identity: mapped.identity, rules: settings });
    if (!accepted.ok) return { ok: false, reason: accepted.reason, next };
    const { principalId, identityId } = accepted;
    await this.keepToken(provider, identityId, answer);
    const proven = {
      principalId,
      provider: name,
      identityId,
      providerSession: answer.session,
      methods: methodsOf(answer.claims),
      authenticatedAt: authenticatedAt(answer.claims, this.#parts.now()),
      address,
    };
    return { ok: true, proven, next };
  }

  /** Keeps what the provider is asked with the next time. A new one takes the place of the last, as providers rotate. */
  async keepToken({ settings }: ProviderRow, identityId: string, answer: ProviderAnswer): Promise<void> {
    const { store, sealer, now } = this.#parts;
    const { every, by } = settings.revalidate;
    const token = by === "refresh" ? answer.refreshToken : by === "userinfo" ? answer.accessToken : undefined;
    const checkAt = by === "none" ? null : new Date(now() + durationMs(every)).toISOString();
    if (token === undefined) {
      await store.units.identityChecks.planned({ identityId, checkAt });
      return;
    }
    await sealer.sealing(async () => {
      const { sealed, dataKey } = sealer.seal({ noun: "identity", id: identityId, field: "token" }, token);
      await store.units.identityChecks.keep({ identityId, sealed, dataKey, checkAt });
    });
  }

  /** Notes whether the provider could be asked. */
  async watched<Result>(provider: ProviderRow, ask: () => Promise<Result>): Promise<Result> {
    const result = await this.#failuresNoted(provider, ask);
    await this.#parts.store.units.identityProviders.reached({ name: provider.name });
    return result;
  }

  /** For what may work without asking, as what is known of the provider is kept for a while. */
  async #failuresNoted<Result>({ name }: ProviderRow, ask: () => Promise<Result>): Promise<Result> {
    const { identityProviders } = this.#parts.store.units;
    try {
      return await ask();
    } catch (error) {
      if (error instanceof TidewaiterError && error.code === "target_unreachable") {
        await identityProviders.unreachable({ name, problem: error.detail });
      }
      throw error;
    }
  }

  async #refused(provider: string, address: string, reason: string, next: string): Promise<SignedIn> {
    await this.#parts.store.units.audit.append({ type: "login.refused", data: { provider, address, reason } });
    return { ok: false, reason, next };
  }
}

/** RFC 6749, section 5.2, and OpenID Connect Core, section 3.1.2.6: the code alone; other text is the sender's. */
function wordOf(error: RefusedByProvider): string {
  return /^[a-z_ ]{1,60}$/.test(error.message) ? error.message : "invalid";
}

/** All three follow from the cookie, so that only the browser which has it can finish, and nothing of it is kept. */
function challengeOf(cookie: string): Challenge {
  const derive = (what: string) => createHmac("sha256", cookie).update(what).digest("base64url");
  return { state: derive("state"), nonce: derive("nonce"), codeVerifier: derive("code verifier") };
}

function hash(cookie: string): string {
  return createHash("sha256").update(cookie).digest("hex");
}

/** RFC 8176; other values are left out. */
function methodsOf({ amr }: Claims): string[] {
  const known = Array.isArray(amr) ? amr : [];
  return known
    .filter((value): value is string => typeof value === "string" && /^[a-z0-9_-]{1,20}$/.test(value))
    .slice(0, 10);
}

/** When the person gave proof at the provider; never later than now. */
function authenticatedAt({ auth_time: time }: Claims, now: number): string {
  const at = typeof time === "number" && Number.isFinite(time) ? Math.min(time * 1000, now) : now;
  return new Date(at).toISOString();
}
