import { createHash, randomBytes } from "node:crypto";
import type { ControlPlaneStore } from "../../storage/open-store.ts";
import type { Caller } from "../login/service.ts";
import { requirePerson, STEP_UP_PAGE } from "./require-step-up.ts";

const LIFE_MS = 5 * 60 * 1000;

/**
 * For programs that cannot ask for a passkey: a link that the same person opens in a browser. Proving it there freshens
 * the sign-in of the program. Another person's link is not found, and the page says where it was asked for.
 */
export class StepUpLinks {
  readonly #store: ControlPlaneStore;
  readonly #now: () => number;
  readonly #web: () => string;

  constructor(store: ControlPlaneStore, now: () => number, web: () => string) {
    this.#store = store;
    this.#now = now;
    this.#web = web;
  }

  async make(caller: Caller, address: string) {
    requirePerson(caller);
    const id = randomBytes(32).toString("base64url");
    const expiresAt = new Date(this.#now() + LIFE_MS).toISOString();
    const owner = { principalId: caller.id, signInId: caller.signInId ?? "" };
    const link = { idHash: hash(id), ...owner, address, expiresAt, completedAt: null };
    await this.#store.units.factors.linkStepUp({ link });
    return { id, url: `${this.#web().replace(/\/$/, "")}${STEP_UP_PAGE}?link=${id}`, expiresAt };
  }

  /** Undefined when it is out of date or another person's. */
  async find(id: string, principalId: string) {
    const row = await this.#store.units.factors.stepUpLink({ idHash: hash(id) });
    return row?.principalId === principalId ? row : undefined;
  }

  complete(id: string, principalId: string, methods: readonly string[]): Promise<boolean> {
    return this.#store.units.factors.completeLink({ idHash: hash(id), principalId, methods });
  }
}

function hash(id: string): string {
  return createHash("sha256").update(id).digest("hex");
}
