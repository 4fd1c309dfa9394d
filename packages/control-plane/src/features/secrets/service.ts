import { TidewaiterError } from "@tidewaiter/core/errors";
import { newId } from "@tidewaiter/core/ids";
import { may } from "../../plugins/access.ts";
import type { ControlPlaneStore } from "../../storage/open-store.ts";
import type { Caller } from "../login/service.ts";
import { ownOf } from "../mandates/own.ts";
import { refOf } from "../principals/routes.ts";
import type { KeyProof, KeyProofs } from "./key-proofs.ts";
import { auditAbsence } from "./presence.ts";
import { sshKeyFingerprint } from "./ssh-key.ts";
import type { SecretView } from "./store.ts";
import { makeVerifier, newConnectionSecret } from "./verifier.ts";

const DAY = 24 * 3600;
export const DEFAULT_SSH_KEY_TTL = 30 * DAY;
export const MAX_SSH_KEY_TTL = 90 * DAY;

export interface SecretRequest {
  readonly resource?: string | undefined;
  /** Default and most: by the resource. */
  readonly ttlSeconds?: number | undefined;
  readonly uses?: number | undefined;
  /** Default: the caller. */
  readonly forPrincipal?: string | undefined;
}

export class SecretService {
  readonly #store: ControlPlaneStore;
  readonly #now: () => number;
  readonly #keyProofs: KeyProofs;

  constructor(store: ControlPlaneStore, now: () => number, keyProofs: KeyProofs) {
    this.#store = store;
    this.#now = now;
    this.#keyProofs = keyProofs;
  }

  /** The only moment when the secret is known: what is kept verifies it and cannot be turned back. */
  async create(caller: Caller, request: SecretRequest): Promise<SecretView & { readonly secret: string }> {
    const principal = request.forPrincipal ?? caller.name;
    if (caller.mandate !== undefined && principal !== caller.name) throw notYours(principal);
    if (principal !== caller.name) await this.#mayActFor(caller, principal);
    const { resource } = request;
    const terms = await this.#store.units.secrets.terms({
      principal,
      resource,
      mandated: caller.mandate !== undefined,
      mandateId: principal === caller.name ? caller.mandate?.id : undefined,
      ...asked(request),
    });
    const secret = newConnectionSecret();
    const making = this.#store.units.secrets.create({
      by: refOf(caller),
      mandate: caller.mandate,
      ownerId: ownOf(caller).ownerId,
      signInId: caller.signInId,
      id: newId("sec"),
      kind: "password",
      principal,
      resource,
      proof: await makeVerifier(secret, terms.salt, terms.iterations),
      expiresAt: new Date(this.#now() + terms.ttlSeconds * 1000).toISOString(),
      uses: terms.uses,
    });
    const what = `connection secret ${resource ?? ""}`.trim();
    const view = await auditAbsence(this.#store.units.audit.append, caller, what, making);
    return { ...view, secret };
  }

  /** The client of a registered key proves itself by a signature: nothing secret is ever here. */
  async registerSshKey(
    caller: Caller,
    wanted: KeyProof & { publicKey: string; resource?: string | undefined; ttlSeconds: number },
  ): Promise<SecretView & { readonly fingerprint: string }> {
    const { publicKey, resource, ttlSeconds } = wanted;
    const fingerprint = sshKeyFingerprint(publicKey);
    this.#keyProofs.check(caller.id, publicKey, wanted);
    const { mandate } = caller;
    const acts = { principal: caller.name, resource, mandated: mandate !== undefined, mandateId: mandate?.id };
    const terms = await this.#store.units.secrets.terms({ ...acts, ttlSeconds: undefined, uses: undefined });
    if (terms.uses !== undefined) {
      throw new TidewaiterError("bad_request", `${resource} takes a secret for each connection: no key that stays`, {
        next: `tw ssh ${resource}`,
      });
    }
    const view = await this.#store.units.secrets.create({
      by: refOf(caller),
      mandate: caller.mandate,
      ownerId: ownOf(caller).ownerId,
      id: newId("sec"),
      // it is there for clients that cannot get a new one with every sign-in
      signInId: undefined,
      kind: "ssh_key",
      principal: caller.name,
      resource,
      proof: { fingerprint },
      expiresAt: new Date(this.#now() + ttlSeconds * 1000).toISOString(),
      uses: undefined,
    });
    return { ...view, fingerprint };
  }

  /**
   * The person that an AI agent acts for, and for AI agents and services an administrator. Never for another person:
   * with its secret one would be that person at the target.
   */
  async #mayActFor(caller: Caller, name: string): Promise<void> {
    const other = await this.#store.units.principals.get({ name });
    if (other.kind === "ai_agent" && other.onBehalfOf === caller.name) return;
    // With it one reaches what the program may: the same as giving oneself its grants.
    if (other.kind !== "user" && may(caller, "principals.write") && may(caller, "grants.write")) return;
    throw notYours(name);
  }
}

function notYours(name: string): TidewaiterError {
  return new TidewaiterError("permission_missing", `a connection secret for ${name} is not yours to make`);
}

function asked({ ttlSeconds, uses }: SecretRequest) {
  return { ttlSeconds, uses };
}
