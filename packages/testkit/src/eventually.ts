import type { EventEmitter } from "node:events";

export interface EventuallyOptions {
  /** Milliseconds until it gives up with the last failure. Default 5000. */
  readonly within?: number;
  /** Look again whenever one of these is emitted, besides the steady look. */
  readonly on?: readonly [emitter: EventEmitter, event: string][];
  /** Milliseconds between two looks. Default 20. */
  readonly every?: number;
}

/**
 * Resolves to what `check` returns as soon as it neither throws, rejects, nor returns undefined or false. For effects
 * that have no event to wait for (a row in a database, a file); where there is an event, wait for that.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  options: EventuallyOptions = {},
): Promise<Exclude<T, undefined | false>> {
  const within = options.within ?? 5_000;
  const deadline = performance.now() + within;
  for (;;) {
    const attempt = await tryOnce(check);
    if ("value" in attempt) return attempt.value;
    if (performance.now() >= deadline) throw new Error(`not within ${within} ms`, { cause: attempt.failure });
    await nextLook(options.on ?? [], options.every ?? 20);
  }
}

async function tryOnce<T>(check: () => T | Promise<T>) {
  try {
    const value = await check();
    if (value === undefined || value === false) return { failure: `it is ${value}` };
    return { value: value as Exclude<T, undefined | false> };
  } catch (failure) {
    return { failure };
  }
}

function nextLook(on: readonly [EventEmitter, string][], every: number): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      clearTimeout(timer);
      for (const [emitter, event] of on) emitter.off(event, look);
      resolve();
    };
    const timer = setTimeout(look, every);
    for (const [emitter, event] of on) emitter.once(event, look);
  });
}
