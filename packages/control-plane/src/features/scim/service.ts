import { createHash, randomBytes } from "node:crypto";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { newId } from "@tidewaiter/core/ids";
import type { ControlPlaneStore } from "../../storage/open-store.ts";
import type { Attempts } from "../login/attempts.ts";
import type { PrincipalRef } from "../principals/store.ts";

/** A year: providers do not renew by themselves, so this is what an administrator has to remember. */
export const TOKEN_LIFE_SECONDS = 365 * 24 * 3600;

export interface ScimServiceParts {
  readonly store: ControlPlaneStore;
  /** How often a wrong token is written down, by address. */
  readonly refusals: Attempts;
  readonly now: () => number;
}

/** The bearer tokens by which providers push. They open nothing but `/scim/v2`, and there only their own provider's. */
export class ScimService {
  readonly #parts: ScimServiceParts;

  constructor(parts: ScimServiceParts) {
    this.#parts = parts;
  }

  /** Shown once; the store has its hash. 256 random bits, so a plain hash is enough. Older ones end after the overlap. */
  async issueToken(by: PrincipalRef, provider: string, times: { lifeSeconds: number; overlapSeconds: number }) {
    const token = `twm_${randomBytes(32).toString("base64url")}`;
    const id = newId("tok");
    const at = (seconds: number) => new Date(this.#parts.now() + seconds * 1000).toISOString();
    const expiresAt = at(times.lifeSeconds);
    const olderUntil = at(times.overlapSeconds);
    const { scimTokens } = this.#parts.store.units;
    await scimTokens.issue({ by, token: { id, provider, hash: hashToken(token), expiresAt }, olderUntil });
    return { id, token, expiresAt, olderUntil };
  }

  /** The provider whose token it is, or undefined. The hash is looked up, so the time tells nothing about the token. */
  async provider(token: string | undefined, address: string): Promise<string | undefined> {
    const { scimTokens } = this.#parts.store.units;
    const known = token === undefined ? undefined : await scimTokens.find({ hash: hashToken(token) });
    if (known === undefined) {
      await this.#refused(address);
      return undefined;
    }
    if (known.stale) await scimTokens.used({ id: known.id });
    return known.provider;
  }

  /** The audit log is not filled by whoever knocks often. */
  async #refused(address: string): Promise<void> {
    try {
      this.#parts.refusals.check(address, "scim");
    } catch (error) {
      if (error instanceof TidewaiterError && error.code === "rate_limited") return;
      throw error;
    }
    await this.#parts.store.units.audit.append({ type: "scim.refused", data: { address, reason: "token" } });
  }
}

function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
