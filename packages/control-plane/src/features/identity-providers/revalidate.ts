import { TidewaiterError } from "@tidewaiter/core/errors";
import type { Sealer } from "../../seal/sealer.ts";
import type { ControlPlaneStore } from "../../storage/open-store.ts";
import type { IdentityRow } from "./identities.ts";
import { mapIdentity } from "./mapped-identity.ts";
import { type OidcClients, type ProviderAnswer, RefusedByProvider } from "./oidc-client.ts";
import type { IdentityProviders } from "./service.ts";
import { durationMs } from "./settings.ts";
import { isOidc, type OidcProvider } from "./store.ts";

export interface RevalidationParts {
  readonly store: ControlPlaneStore;
  readonly sealer: Sealer;
  readonly clients: OidcClients;
  readonly providers: IdentityProviders;
  readonly now: () => number;
}

/** How often it is looked for identities that are due. */
export const ROUND_MS = 5000;
/** A provider that cannot be asked is tried again after so long, or sooner where it is asked more often. */
const AGAIN_MS = 60_000;

/** What means no, of all that a provider may answer (RFC 6749, section 5.2; OpenID Connect Core, section 3.1.2.6). */
const NO = new Set(["invalid_grant", "login_required", "interaction_required", "consent_required", "access_denied"]);
const TOKEN_REFUSED = "it does not take its own access token any more";

/**
 * Asks providers again whether those who signed in may still do so. A no ends all that came of the sign-ins at once. A
 * provider that cannot be asked ends nothing by that: the time of grace of each resource runs from then on.
 */
export class Revalidation {
  readonly #parts: RevalidationParts;
  #timer: NodeJS.Timeout | undefined;
  #running = false;

  constructor(parts: RevalidationParts) {
    this.#parts = parts;
  }

  start(): void {
    // What fails now is tried in the next round.
    this.#timer = setInterval(() => void this.round().catch(() => {}), ROUND_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Asks for everybody who is due. */
  async round(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      const due = await this.#parts.store.units.identityChecks.take();
      for (const row of due) await this.#check(row);
    } finally {
      this.#running = false;
    }
  }

  async #check(row: IdentityRow): Promise<void> {
    const { store, providers } = this.#parts;
    const provider = await store.units.identityProviders.get({ name: row.provider });
    if (provider === undefined || !isOidc(provider) || row.sealedToken === null) {
      await store.units.identityChecks.planned({ identityId: row.id, checkAt: null });
      return;
    }
    try {
      const token = await this.#parts.sealer.open({ noun: "identity", id: row.id, field: "token" }, row.sealedToken);
      const answer = await providers.watched(provider, () => this.#ask(provider, token.toString()));
      await this.#accept(provider, row, answer);
    } catch (error) {
      if (error instanceof RefusedByProvider) await this.#refuse(row, `${row.provider} says that you may not sign in`);
      else if (error instanceof TidewaiterError && error.code === "target_unreachable")
        await this.#again(provider, row);
      else throw error;
    }
  }

  /** Only a clear no is one: a wrong client secret, say, is a fault of the configuration and of no person. */
  async #ask(provider: OidcProvider, token: string): Promise<ProviderAnswer> {
    const { clients } = this.#parts;
    const { settings } = provider;
    try {
      const { by } = settings.revalidate;
      return await (by === "userinfo" ? clients.userinfo(settings, token) : clients.refresh(settings, token));
    } catch (error) {
      if (!(error instanceof RefusedByProvider) || NO.has(error.message) || error.message === TOKEN_REFUSED)
        throw error;
      throw new TidewaiterError(
        "target_unreachable",
        `${provider.name} does not answer the question: ${error.message}`,
      );
    }
  }

  async #accept(provider: OidcProvider, row: IdentityRow, answer: ProviderAnswer): Promise<void> {
    const { store, providers } = this.#parts;
    const mapped = mapIdentity(provider.settings, answer.claims);
    if (!mapped.ok) return this.#refuse(row, mapped.reason);
    if (mapped.identity.subject !== row.subject)
      return this.#refuse(row, `${row.provider} speaks of somebody else now`);
    const rules = provider.settings;
    await store.units.identities.validated({
      ...{ provider: provider.name, identity: mapped.identity, rules },
      identityId: row.id,
    });
    // A provider that does not rotate gives none: the one that we have goes on.
    if (answer.refreshToken === undefined) {
      const checkAt = this.#in(durationMs(provider.settings.revalidate.every));
      await store.units.identityChecks.planned({ identityId: row.id, checkAt });
    } else await providers.keepToken(provider, row.id, answer);
  }

  #refuse(row: IdentityRow, reason: string): Promise<void> {
    return this.#parts.store.units.identityChecks.refused({ identityId: row.id, reason });
  }

  #again(provider: OidcProvider, row: IdentityRow): Promise<void> {
    const checkAt = this.#in(Math.min(AGAIN_MS, durationMs(provider.settings.revalidate.every)));
    return this.#parts.store.units.identityChecks.planned({ identityId: row.id, checkAt });
  }

  #in(ms: number): string {
    return new Date(this.#parts.now() + ms).toISOString();
  }
}
