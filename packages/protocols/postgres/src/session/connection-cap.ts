/** How long a session waits for a place at its target, in milliseconds. */
const WAIT_MS = 5_000;
/** Who would have to wait behind more than this many others is refused at once. */
const MAX_WAITING = 100;

/** Counts sessions per resource, so that the people of one gateway cannot use up the connections of a server. */
export class ConnectionCap {
  readonly #resources = new Map<string, { used: number; readonly waiting: Set<() => void> }>();

  /**
   * A place under the cap, first come first served; `leave` gives it back, once. Undefined: there was none in time, or `signal`
   * was aborted.
   * @param limit of now: one that was lowered lets nobody in until enough have left
   */
  async enter(
    resource: string,
    limit: number,
    { waitMs = WAIT_MS, signal }: { readonly waitMs?: number; readonly signal?: AbortSignal } = {},
  ): Promise<{ readonly leave: () => void } | undefined> {
    const places = this.#resources.get(resource) ?? { used: 0, waiting: new Set<() => void>() };
    this.#resources.set(resource, places);
    if (places.used < limit) places.used++;
    else if (places.waiting.size >= MAX_WAITING || !(await handedOver(places.waiting, waitMs, signal)))
      return undefined;
    let left = false;
    return {
      leave: () => {
        if (left) return;
        left = true;
        const [next] = places.used <= limit ? places.waiting : [];
        // the place goes on to who waits: nobody who comes later is before them
        if (next !== undefined) return next();
        places.used--;
        if (places.used === 0 && places.waiting.size === 0) this.#resources.delete(resource);
      },
    };
  }
}

/** Whether a place was handed over in time. */
function handedOver(waiting: Set<() => void>, waitMs: number, signal: AbortSignal | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (given: boolean): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", give);
      waiting.delete(take);
      resolve(given);
    };
    const take = (): void => settle(true);
    const give = (): void => settle(false);
    const timer = setTimeout(give, waitMs);
    signal?.addEventListener("abort", give, { once: true });
    waiting.add(take);
    if (signal?.aborted === true) give();
  });
}
