import { createHash, createHmac, randomBytes } from "node:crypto";
import type { ControlPlaneStore } from "../../storage/open-store.ts";
import { type Caller, type ProvenIdentity, toCaller } from "../login/service.ts";

/** What a browser's cookie stands for. */
export interface WebCaller {
  readonly caller: Caller;
  /** For the forms of its pages. */
  readonly formToken: string;
}

const ID_BYTES = 32;
const ID = /^[A-Za-z0-9_-]{43}$/;

/**
 * Sessions of browsers. The cookie holds 256 random bits, the store their SHA-256. A session id is made when somebody
 * signs in and never taken over from before, so that none can be planted (session fixation).
 */
export class WebSessions {
  readonly #store: ControlPlaneStore;
  readonly #now: () => number;
  readonly #lifeMs: number;

  constructor(store: ControlPlaneStore, now: () => number, lifeMs: number) {
    this.#store = store;
    this.#now = now;
    this.#lifeMs = lifeMs;
  }

  /** Resolves to the value of the cookie. */
  async open(proven: Omit<ProvenIdentity, "via">): Promise<string> {
    const id = newId();
    const expiresAt = new Date(this.#now() + this.#lifeMs).toISOString();
    await this.#store.units.webSessions.open({ signIn: { ...proven, via: "web", expiresAt }, idHash: hash(id) });
    return id;
  }

  /** Another value for the same sign-in: after every step-up. Undefined when the session has ended meanwhile. */
  async renew(id: string): Promise<string | undefined> {
    const next = newId();
    const renewed = await this.#store.units.webSessions.renew({ idHash: hash(id), newIdHash: hash(next) });
    return renewed ? next : undefined;
  }

  /** Who the cookie stands for now, with rights read anew. */
  async find(id: string): Promise<WebCaller | undefined> {
    if (!ID.test(id)) return undefined;
    const idHash = hash(id);
    const found = await this.#store.units.webSessions.find({ idHash });
    if (found === undefined || !found.holder.ok) return undefined;
    if (found.stale) await this.#store.units.webSessions.used({ idHash });
    const caller = toCaller(found.holder, { via: "web", expiresAt: found.expiresAt });
    return { caller, formToken: formToken(id) };
  }
}

function newId(): string {
  return randomBytes(ID_BYTES).toString("base64url");
}

function hash(id: string): string {
  return createHash("sha256").update(id).digest("hex");
}

/** Follows from the cookie, so it need not be kept, and tells nothing about it. */
function formToken(id: string): string {
  return createHmac("sha256", id).update("tidewaiter form").digest("base64url");
}
