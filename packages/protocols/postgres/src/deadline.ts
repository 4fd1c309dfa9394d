/** Thrown when a handshake took too long. */
export class DeadlineError extends Error {
  constructor(milliseconds: number) {
    super(`not finished within ${milliseconds} ms`);
    this.name = "DeadlineError";
  }
}

/**
 * Runs `work` with a signal that aborts after `milliseconds` (reason: DeadlineError) or when `outer` does. The timer ends
 * with the work.
 */
export async function withDeadline<T>(
  milliseconds: number,
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new DeadlineError(milliseconds)), milliseconds);
  const onOuter = () => controller.abort(outer?.reason);
  if (outer?.aborted === true) onOuter();
  outer?.addEventListener("abort", onOuter, { once: true });
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener("abort", onOuter);
  }
}

/** Settles as `promise` does, or rejects with the signal's reason as soon as it aborts. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
