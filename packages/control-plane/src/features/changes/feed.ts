import type { ChangeBatch } from "@tidewaiter/core";

interface ChangeSource {
  since(args: { readonly since: number }): Promise<ChangeBatch>;
}

/** Another process may write to the same store without a way to tell: look at least this often. */
const POLL_MS = 1000;
const WAIT_LIMIT_MS = 30_000;

/** Long poll over the outbox: answers at once when there is something, else when there is, or empty after `waitMs`. */
export class ChangeFeed {
  readonly #source: ChangeSource;
  readonly #onChange: (listener: () => void) => () => void;

  constructor(source: ChangeSource, onChange: (listener: () => void) => () => void) {
    this.#source = source;
    this.#onChange = onChange;
  }

  async since(since: number, waitMs: number, signal?: AbortSignal): Promise<ChangeBatch> {
    const deadline = performance.now() + Math.min(waitMs, WAIT_LIMIT_MS);
    for (;;) {
      // Listening starts before looking, so that a change between the two is not slept over.
      const woken = Promise.withResolvers<void>();
      const stop = this.#onChange(woken.resolve);
      const wake = () => woken.resolve();
      signal?.addEventListener("abort", wake, { once: true });
      try {
        const batch = await this.#source.since({ since });
        const left = deadline - performance.now();
        if (batch.changes.length > 0 || left <= 0 || signal?.aborted) return batch;
        await withTimeout(woken.promise, Math.min(left, POLL_MS));
      } finally {
        stop();
        signal?.removeEventListener("abort", wake);
      }
    }
  }
}

async function withTimeout(promise: Promise<void>, ms: number): Promise<void> {
  const timer = Promise.withResolvers<void>();
  const handle = setTimeout(timer.resolve, ms);
  await Promise.race([promise, timer.promise]);
  clearTimeout(handle);
}
