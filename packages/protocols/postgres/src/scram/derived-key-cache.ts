import { createHmac, randomBytes } from "node:crypto";
import { deriveClientKeys, type ScramClientKeys } from "./keys.ts";

const DEFAULT_ENTRIES = 256;

/**
 * Keeps the keys derived from (password, salt, iterations), because PBKDF2 costs 2 ms at each connect to a target and its
 * salt rarely changes. Bounded, oldest use out first. Entries are found by a keyed hash under a key of this process: the
 * password itself is not kept.
 */
export class DerivedKeyCache {
  readonly #capacity: number;
  readonly #hashKey = randomBytes(32);
  readonly #entries = new Map<string, Promise<ScramClientKeys>>();

  constructor(capacity = DEFAULT_ENTRIES) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Derives at most once for parallel calls with the same input. */
  get(password: string, salt: Uint8Array, iterations: number): Promise<ScramClientKeys> {
    const id = this.#id(password, salt, iterations);
    const known = this.#entries.get(id);
    const keys = known ?? deriveClientKeys(password, salt, iterations);
    this.#entries.delete(id);
    this.#entries.set(id, keys);
    if (known === undefined) {
      this.#trim();
      keys.catch(() => this.#entries.delete(id));
    }
    return keys;
  }

  /** Forget everything: after a credential was rotated or deleted. */
  clear(): void {
    this.#entries.clear();
  }

  #trim(): void {
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#capacity) return;
      this.#entries.delete(oldest);
    }
  }

  #id(password: string, salt: Uint8Array, iterations: number): string {
    const hash = createHmac("sha256", this.#hashKey).update(`${iterations} ${salt.length} `).update(salt);
    return hash.update(password).digest("base64");
  }
}
