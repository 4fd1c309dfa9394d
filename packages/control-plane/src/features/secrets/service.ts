import { TidewaiterError } from "@tidewaiter/core/errors";
import { newId } from "@tidewaiter/core/ids";
import { may } from "../../plugins/access.ts";
import type { ControlPlaneStore } from "../../storage/open-store.ts";
import type { Caller } from "../login/service.ts";
import { ownOf } from "../mandates/own.ts";
import { refOf } from "../principals/routes.ts";
import type { SecretView } from "./store.ts";
import { makeVerifier, newConnectionSecret } from "./verifier.ts";

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

  constructor(store: ControlPlaneStore, now: () => number) {
    this.#store = store;
    this.#now = now;
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
      ...asked(request),
    });
    const secret = newConnectionSecret();
    const view = await this.#store.units.secrets.create({
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
    return { ...view, secret };
  }

  /**
   * The person that an AI agent acts for, and for AI agents and services an administrator. Never for another person:
   * with its secret one would be that person at the target.
   */
  async #mayActFor(caller: Caller, name: string): Promise<void> {
    const other = await this.#store.units.principals.get({ name });
    if (other.kind === "ai_agent" && other.onBehalfOf === caller.name) return;
    if (other.kind !== "user" && may(caller, "principals.write")) return;
    throw notYours(name);
  }
}

function notYours(name: string): TidewaiterError {
  return new TidewaiterError("permission_missing", `a connection secret for ${name} is not yours to make`);
}

function asked({ ttlSeconds, uses }: SecretRequest) {
  return { ttlSeconds, uses };
}
