import { createHash, createHmac, randomBytes } from "node:crypto";
import { TidewaiterError } from "@tidewaiter/core/errors";
import type { Sealer } from "../../seal/sealer.ts";
import type { ControlPlaneStore } from "../../storage/open-store.ts";
import { type Attempts, network, REFUSALS_NOTED } from "../login/attempts.ts";
import type { ProvenIdentity } from "../login/service.ts";
import { type Claims, mapIdentity } from "./mapped-identity.ts";
import { type Challenge, type OidcClients, type ProviderAnswer, RefusedByProvider } from "./oidc-client.ts";
import type { SamlPlace, SamlServiceProvider } from "./saml/service-provider.ts";
import { openNext, sealNext } from "./sealed-next.ts";
import { durationMs } from "./settings.ts";
import { isOidc, isSaml, type OidcProvider, type ProviderRow, type SamlProvider } from "./store.ts";

export interface IdentityProviderParts {
  readonly store: ControlPlaneStore;
  readonly sealer: Sealer;
  readonly clients: OidcClients;
  readonly saml: () => Promise<SamlServiceProvider>;
  readonly attempts: Pick<Attempts, "take">;
  readonly now: () => number;
  /** Base URL under which browsers find us. */
  readonly web: () => string;
}

export type SignedIn =
  | { readonly ok: true; readonly proven: Omit<ProvenIdentity, "via">; readonly next: string }
  | { readonly ok: false; readonly reason: string; readonly next: string };

/** Longer than any assertion is taken for, clocks that are wrong included. */
const REPLAY_MS = 60 * 60_000;

const ID = /^[A-Za-z0-9_-]{43}$/;

/** Signing in at identity providers: a browser is sent there with a cookie of ours, and comes back with their answer. */
export class IdentityProviders {
  readonly #parts: IdentityProviderParts;

  constructor(parts: IdentityProviderParts) {
    this.#parts = parts;
  }

  /** Resolves to the value of the cookie and the address at the provider. @throws `not_found`, `target_unreachable` */
  async begin(name: string, next: string): Promise<{ readonly cookie: string; readonly url: URL }> {
    const { store, clients, saml } = this.#parts;
    const provider = await this.require(name);
    const cookie = randomBytes(32).toString("base64url");
    const url = isSaml(provider)
      ? await (await saml()).requestUrl(provider.settings, this.#samlPlace(provider), cookie)
      : await this.#failuresNoted(provider, () =>
          clients.authorizationUrl(oidcOf(provider).settings, this.redirectUri(name), challengeOf(cookie)),
        );
    const begun = await store.units.pendingSignIns.begin({
      idHash: hash(cookie),
      provider: name,
      next: sealNext(cookie, next),
    });
    if (!begun) throw new TidewaiterError("rate_limited", "too many people sign in at this moment");
    return { cookie, url };
  }

  /** The answer of the provider. It counts once, and only in the browser that was sent. @throws `target_unreachable` */
  async finish(name: string, cookie: string | undefined, query: string, address: string): Promise<SignedIn> {
    const { clients } = this.#parts;
    const provider = await this.requireOidc(name);
    const next = await this.#begun(name, cookie);
    if (cookie === undefined || next === undefined) return this.#notBegun(name, address);
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

  /**
   * The answer of a SAML provider. What was not begun here (a sign-in that the provider starts by itself) is not taken:
   * nobody could tell for which browser it is.
   */
  async finishSaml(name: string, cookie: string | undefined, response: string, address: string): Promise<SignedIn> {
    const { store, saml, now } = this.#parts;
    const provider = await this.require(name);
    if (!isSaml(provider)) throw new TidewaiterError("not_found", `there is no SAML provider ${name}`);
    const next = await this.#begun(name, cookie);
    if (cookie === undefined || next === undefined) return this.#notBegun(name, address);
    const proof = { response, cookie };
    const answer = await (await saml()).judge(provider.settings, this.#samlPlace(provider), proof);
    if (!answer.ok) return this.#refused(name, address, answer.reason, next);
    const until = new Date(now() + REPLAY_MS).toISOString();
    const fresh = await store.units.saml.use({ provider: name, idHash: hash(answer.assertionId), until });
    if (!fresh) return this.#refused(name, address, "the provider's answer was used before", next);
    const mapped = mapIdentity(provider.settings, answer.claims);
    if (!mapped.ok) return this.#refused(name, address, mapped.reason, next);
    const accepted = await store.units.identities.accept({
      provider: name,
      identity: mapped.identity,
      rules: provider.settings,
    });
    if (!accepted.ok) return { ok: false, reason: accepted.reason, next };
    const { principalId, identityId } = accepted;
    const at = Math.min(answer.authenticatedAt === undefined ? now() : Date.parse(answer.authenticatedAt), now());
    const authenticatedAt = new Date(at).toISOString();
    const how = { provider: name, identityId, providerSession: answer.session, methods: [], authenticatedAt, address };
    return { ok: true, proven: { principalId, ...how }, next };
  }

  async samlMetadata(name: string): Promise<string> {
    const provider = await this.require(name);
    if (!isSaml(provider)) throw new TidewaiterError("not_found", `there is no SAML provider ${name}`);
    const saml = await this.#parts.saml();
    return saml.metadata(provider.settings, this.#samlPlace(provider));
  }

  async requireOidc(name: string): Promise<OidcProvider> {
    return oidcOf(await this.require(name));
  }

  async require(name: string): Promise<ProviderRow> {
    const provider = await this.#parts.store.units.identityProviders.get({ name });
    if (provider === undefined) throw new TidewaiterError("not_found", `there is no identity provider ${name}`);
    return provider;
  }

  redirectUri(name: string): string {
    return `${this.#parts.web()}/sign-in/${name}/callback`;
  }

  async #accept(provider: OidcProvider, answer: ProviderAnswer, address: string, next: string): Promise<SignedIn> {
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
  async keepToken({ settings }: OidcProvider, identityId: string, answer: ProviderAnswer): Promise<void> {
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

  #samlPlace({ name, settings }: SamlProvider): SamlPlace {
    const web = this.#parts.web();
    const entityId = settings.entityId ?? `${web}/v1/identity-providers/${name}/saml-metadata`;
    return { entityId, callbackUrl: `${web}/sign-in/${name}/saml` };
  }

  /** Where to go afterwards, of a sign-in that this browser began; it counts once. */
  async #begun(name: string, cookie: string | undefined): Promise<string | undefined> {
    if (cookie === undefined || !ID.test(cookie)) return undefined;
    const { pendingSignIns } = this.#parts.store.units;
    const begun = await pendingSignIns.take({ idHash: hash(cookie), provider: name });
    return begun === undefined ? undefined : openNext(cookie, begun.next);
  }

  async #notBegun(name: string, address: string): Promise<SignedIn> {
    const reason = "this sign-in was not begun here, or took too long";
    if (this.#parts.attempts.take(`not begun ${network(address)}`, REFUSALS_NOTED)) {
      return this.#refused(name, address, reason, "/");
    }
    return { ok: false, reason, next: "/" };
  }

  async #refused(provider: string, address: string, reason: string, next: string): Promise<SignedIn> {
    await this.#parts.store.units.audit.append({ type: "login.refused", data: { provider, address, reason } });
    return { ok: false, reason, next };
  }
}

function oidcOf(row: ProviderRow): OidcProvider {
  if (isOidc(row)) return row;
  throw new TidewaiterError("not_found", `there is no OpenID Connect provider ${row.name}`);
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
