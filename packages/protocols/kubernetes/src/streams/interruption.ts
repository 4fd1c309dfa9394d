import type { KubeContext } from "../session/context.ts";

/** The end of a session, as one of its streams waits for it. */
export interface Interruption {
  /** Why; never resolves while the session lives. */
  readonly reason: Promise<string>;
  /** The stream is over. A session may outlive thousands, and must not keep what they waited with. */
  forget(): void;
}

export function interruptionOf({ signal, interrupted }: Pick<KubeContext, "signal" | "interrupted">): Interruption {
  const { promise: reason, resolve } = Promise.withResolvers<string>();
  const tell = (): void => void interrupted.then(resolve);
  if (signal.aborted) tell();
  else signal.addEventListener("abort", tell, { once: true });
  return { reason, forget: () => signal.removeEventListener("abort", tell) };
}
