import { TidewaiterError } from "@tidewaiter/core/errors";
import { parseSecretReference, type SecretReference } from "./secret-reference.ts";
import type { ResolvedSecret, SecretLease, SecretStore } from "./secret-store.ts";

export interface SecretResolverOptions {
  readonly stores: readonly SecretStore[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Is the holder there still? Asked before a lease is renewed, for holders whose end nobody told. Default: yes. */
  readonly isHeld?: (holder: string) => Promise<boolean>;
  /** Told of leases that could not be given back; the store ends them by itself. Never with a value. */
  readonly onProblem?: (detail: string) => void;
}

export interface ResolveOptions {
  readonly signal?: AbortSignal;
  /** For whom a leased secret is made: it is renewed until `release`. */
  readonly holder?: string;
}

interface Entry {
  /** Of a leased secret. */
  readonly holder: string;
  readonly secret: ResolvedSecret;
  readonly fetchedAt: number;
  /** From then on it is fetched anew. */
  staleAt: number;
  timer?: NodeJS.Timeout;
}

const DEADLINE_MS = 10_000;
/** A value that was refused at its target is fetched again, but not more often than this. */
const REFUSED_AGAIN_MS = 2_000;
/** A value is not used in the last moments of its life. */
const MARGIN_MS = 30_000;
const REMEMBERED = 10_000;
const NO_HOLDER = "";

/**
 * Turns references into secrets: one request at a time for each, values used again until their end or until they are
 * refused, leases renewed while somebody holds them and given back afterwards.
 */
export class SecretResolver {
  readonly #options: SecretResolverOptions;
  readonly #stores: ReadonlyMap<string, SecretStore>;
  readonly #entries = new Map<string, Entry>();
  readonly #flights = new Map<string, Promise<Entry>>();

  constructor(options: SecretResolverOptions) {
    this.#options = options;
    this.#stores = new Map(options.stores.map((store) => [store.scheme, store]));
  }

  /** Is this a reference that could be resolved here? @throws TidewaiterError `bad_request` */
  check(text: string): SecretReference {
    const reference = parseSecretReference(text);
    this.#storeOf(reference).check(reference);
    return reference;
  }

  /** @throws TidewaiterError `bad_request`, `secret_unavailable` */
  async resolve(text: string, { signal, holder = NO_HOLDER }: ResolveOptions = {}): Promise<ResolvedSecret> {
    signal?.throwIfAborted();
    const reference = this.check(text);
    const shared = this.#entries.get(keyOf(text, NO_HOLDER)) ?? this.#entries.get(keyOf(text, holder));
    if (shared !== undefined && shared.staleAt > this.#options.now()) return shared.secret;
    const flightKey = keyOf(text, holder);
    const flight = this.#flights.get(flightKey) ?? this.#fetch(reference, holder);
    this.#flights.set(flightKey, flight);
    const { secret } = await (signal === undefined ? flight : Promise.race([flight, aborted(signal)]));
    return secret;
  }

  /** The target did not take the value: it was changed there, so it is fetched anew the next time. */
  refused(text: string, holder: string = NO_HOLDER): void {
    for (const key of new Set([keyOf(text, NO_HOLDER), keyOf(text, holder)])) {
      const entry = this.#entries.get(key);
      if (entry === undefined || this.#options.now() - entry.fetchedAt < REFUSED_AGAIN_MS) continue;
      void this.#drop(key, entry);
    }
  }

  /** Gives back what was leased for the holder. */
  async release(holder: string): Promise<void> {
    const flights = [...this.#flights].filter(([key]) => key.endsWith(` ${holder}`)).map(([, flight]) => flight);
    await Promise.allSettled(flights);
    const held = [...this.#entries].filter(([key]) => key.endsWith(` ${holder}`));
    await Promise.all(held.map(([key, entry]) => this.#drop(key, entry)));
  }

  /** Gives back everything. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#flights.values());
    await Promise.all([...this.#entries].map(([key, entry]) => this.#drop(key, entry)));
  }

  async #fetch(reference: SecretReference, holder: string): Promise<Entry> {
    const key = keyOf(reference.text, holder);
    try {
      const store = this.#storeOf(reference);
      const secret = await store.resolve(reference, AbortSignal.timeout(DEADLINE_MS));
      const fetchedAt = this.#options.now();
      const life = secret.expiresAt === undefined ? store.cacheMs : secret.expiresAt - fetchedAt;
      const margin = secret.expiresAt === undefined ? 0 : Math.min(MARGIN_MS, life / 3);
      const entry: Entry = { holder, secret, fetchedAt, staleAt: fetchedAt + life - margin };
      const isLeased = secret.lease !== undefined;
      if (life > 0) this.#keep(keyOf(reference.text, isLeased ? holder : NO_HOLDER), entry);
      return entry;
    } catch (error) {
      if (error instanceof TidewaiterError) throw error;
      const late = error instanceof DOMException && error.name === "TimeoutError";
      const why = late ? "the store did not answer in time" : "the store cannot be reached";
      throw new TidewaiterError("secret_unavailable", `${reference.text}: ${why}`, { cause: error });
    } finally {
      this.#flights.delete(key);
    }
  }

  #keep(key: string, entry: Entry): void {
    const before = this.#entries.get(key);
    if (before !== undefined) void this.#drop(key, before);
    const oldest =
      this.#entries.size >= REMEMBERED ? [...this.#entries].find(([, { secret }]) => !secret.lease) : undefined;
    if (oldest !== undefined) void this.#drop(...oldest);
    this.#entries.set(key, entry);
    if (entry.secret.lease?.renewable === true) this.#renewLater(key, entry);
  }

  #renewLater(key: string, entry: Entry): void {
    const { lease } = entry.secret;
    if (lease === undefined) return;
    // Its length is the store's word, in real time.
    const wait = Math.max(1_000, ((entry.staleAt - this.#options.now()) * 2) / 3);
    entry.timer = setTimeout(() => void this.#renew(key, entry, lease), Math.min(wait, 2 ** 31 - 1));
    entry.timer.unref();
  }

  async #renew(key: string, entry: Entry, lease: SecretLease): Promise<void> {
    try {
      if (entry.holder !== NO_HOLDER && (await this.#options.isHeld?.(entry.holder)) === false) {
        await this.#drop(key, entry);
        return;
      }
      const until = await lease.renew(AbortSignal.timeout(DEADLINE_MS));
      if (this.#entries.get(key) !== entry) return;
      const life = until - this.#options.now();
      entry.staleAt = until - Math.min(MARGIN_MS, life / 3);
      this.#renewLater(key, entry);
    } catch {
      // It runs out by itself; the next connection gets another.
      this.#options.onProblem?.(`lease ${lease.id} could not be renewed`);
    }
  }

  async #drop(key: string, entry: Entry): Promise<void> {
    clearTimeout(entry.timer);
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
    const { lease } = entry.secret;
    if (lease === undefined) return;
    try {
      await lease.revoke(AbortSignal.timeout(DEADLINE_MS));
    } catch {
      this.#options.onProblem?.(`lease ${lease.id} could not be given back; it runs out by itself`);
    }
  }

  #storeOf({ scheme, text }: SecretReference): SecretStore {
    const store = this.#stores.get(scheme);
    if (store !== undefined) return store;
    const known = [...this.#stores.keys()].map((name) => `${name}:`).join(" ");
    throw new TidewaiterError("bad_request", `${text}: the server is not set up for ${scheme}:`, {
      next: `It resolves ${known || "nothing yet"}; see --secret-stores.`,
    });
  }
}

function keyOf(text: string, holder: string): string {
  return `${text} ${holder}`;
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
}
