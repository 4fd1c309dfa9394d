import { isIPv6 } from "node:net";
import { TidewaiterError } from "@tidewaiter/core/errors";

interface Bucket {
  tokens: number;
  at: number;
}

export interface AttemptLimits {
  /** Attempts at once, then one more each `refillMs`. */
  readonly burst: number;
  readonly refillMs: number;
}

/** For one name from one address. */
const PER_PAIR: AttemptLimits = { burst: 5, refillMs: 12_000 };
/** For one address, whatever the names: a shared office still signs in. */
const PER_ADDRESS: AttemptLimits = { burst: 30, refillMs: 2_000 };
/** How often it is written down that somebody unknown was refused: nobody fills the audit log by knocking. */
export const REFUSALS_NOTED: AttemptLimits = { burst: 10, refillMs: 60_000 };
const BUCKETS_LIMIT = 50_000;

/**
 * Slows guessing by address, and by name *from one address*. Never by name alone: whoever knows a name could then keep
 * its owner out. Guessing from many addresses is slowed by argon2id and by the number of comparisons at once.
 */
export class Attempts {
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Throws `rate_limited`. Every attempt counts until `succeeded` gives the pair's back. */
  check(address: string, name: string): void {
    const from = network(address);
    if (!this.take(`a ${from}`, PER_ADDRESS) || !this.take(`p ${from} ${name}`, PER_PAIR)) {
      throw new TidewaiterError("rate_limited", "too many attempts from your address", { next: "Wait a minute." });
    }
  }

  succeeded(address: string, name: string): void {
    this.#buckets.delete(`p ${network(address)} ${name}`);
  }

  /** One of whatever the key names; false when there is none left. */
  take(key: string, limits: AttemptLimits): boolean {
    const now = this.#now();
    const bucket = this.#buckets.get(key) ?? { tokens: limits.burst, at: now };
    const tokens = Math.min(limits.burst, bucket.tokens + Math.max(0, now - bucket.at) / limits.refillMs);
    // The most recently used stand last, so that the limit forgets the oldest.
    this.#buckets.delete(key);
    this.#buckets.set(key, { tokens: Math.max(0, tokens - 1), at: now });
    if (this.#buckets.size > BUCKETS_LIMIT) this.#buckets.delete(this.#buckets.keys().next().value ?? "");
    return tokens >= 1;
  }
}

/** One IPv6 customer has a whole /64. */
export function network(address: string): string {
  if (!isIPv6(address) || address.startsWith("::ffff:")) return address;
  const [head = "", tail = ""] = address.split("::");
  const left = head.split(":").filter((part) => part !== "");
  const right = address.includes("::") ? tail.split(":").filter((part) => part !== "") : [];
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => "0");
  return [...left, ...zeros, ...right].slice(0, 4).join(":");
}
