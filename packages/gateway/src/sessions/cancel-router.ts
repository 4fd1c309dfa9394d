import type { ControlPlane } from "@tidewaiter/core";
import { readCancelChange } from "@tidewaiter/core";

export interface CancelRouterOptions {
  readonly controlPlane: Pick<ControlPlane, "forwardCancel" | "cancelHandled">;
  readonly gatewayId: string;
  /** Deals with a request of another gateway when its session is here. */
  readonly cancelHere: (processId: number, keyDigest: string) => Promise<boolean>;
  readonly log: (message: string, fields: Record<string, unknown>) => void;
  /** Milliseconds; for tests. */
  readonly now?: () => number;
}

/** Whoever sends a cancel request has proven nothing yet: no more of them than people press Ctrl-C. */
const PER_ADDRESS = { burst: 20, perSecond: 2 };
const ALL = { burst: 200, perSecond: 50 };
const MAX_ADDRESSES = 10_000;
/** The client waits for the end of its connection, so that its next statement is not the one that is canceled. */
const WAIT_MS = 3_000;

/**
 * Carries cancel requests between gateways: one that arrives here for a session of another, and the other way round. The
 * way is the control plane's change feed.
 */
export class CancelRouter {
  readonly #options: CancelRouterOptions;
  readonly #waiting = new Map<string, () => void>();
  /** Answers may come before the question has its id. */
  readonly #handled = new Set<string>();
  readonly #addresses = new Map<string, Bucket>();
  readonly #all: Bucket;
  #asking = 0;

  constructor(options: CancelRouterOptions) {
    this.#options = options;
    this.#all = new Bucket(ALL, this.#now());
  }

  /** Resolves when another gateway has dealt with it, when none has the session, or after 3 s. */
  async forward(clientAddress: string, processId: number, keyDigest: string): Promise<void> {
    const { gatewayId, controlPlane } = this.#options;
    if (!this.#admits(clientAddress)) return;
    this.#asking++;
    try {
      const id = await controlPlane.forwardCancel({ gatewayId, processId, keyDigest });
      if (id !== undefined && !this.#handled.has(id)) await this.#answer(id);
    } finally {
      if (--this.#asking === 0) this.#handled.clear();
    }
  }

  /** A change of kind `cancel`. */
  changed(change: string): void {
    const news = readCancelChange(change);
    if (news === undefined) return;
    if (news.type === "asked") return void this.#handle(news.id, news.processId, news.keyDigest);
    if (this.#asking > 0) this.#handled.add(news.id);
    this.#waiting.get(news.id)?.();
  }

  async #handle(id: string, processId: number, keyDigest: string): Promise<void> {
    try {
      if (await this.#options.cancelHere(processId, keyDigest)) await this.#options.controlPlane.cancelHandled(id);
    } catch (error) {
      this.#options.log("a forwarded cancel request failed", {
        error: error instanceof Error ? error.message : String(error),
      });
    }
  }

  async #answer(id: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, WAIT_MS);
    this.#waiting.set(id, resolve);
    await promise;
    clearTimeout(timer);
    this.#waiting.delete(id);
  }

  #admits(clientAddress: string): boolean {
    const now = this.#now();
    const host = clientAddress.slice(0, clientAddress.lastIndexOf(":"));
    let bucket = this.#addresses.get(host);
    if (bucket === undefined) {
      if (this.#addresses.size >= MAX_ADDRESSES) this.#addresses.clear();
      bucket = new Bucket(PER_ADDRESS, now);
      this.#addresses.set(host, bucket);
    }
    return bucket.take(now) && this.#all.take(now);
  }

  #now(): number {
    return this.#options.now?.() ?? performance.now();
  }
}

class Bucket {
  readonly #rate: typeof ALL;
  #left: number;
  #at: number;

  constructor(rate: typeof ALL, now: number) {
    this.#rate = rate;
    this.#left = rate.burst;
    this.#at = now;
  }

  take(now: number): boolean {
    this.#left = Math.min(this.#rate.burst, this.#left + ((now - this.#at) / 1000) * this.#rate.perSecond);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
