import type { NetworkGuard } from "./network-guard.ts";
import type { ChannelRow, NotificationRow } from "./store.ts";

/** Why an attempt failed. `message` is shown to administrators: never with an address that is a secret, nor an answer's body. */
export class DeliveryError extends Error {
  override readonly name = "DeliveryError";
  /** It would fail for ever: nothing is tried again. */
  readonly final: boolean;
  /** What the receiver asked for. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: { final?: boolean; retryAfterMs?: number | undefined; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.final = options.final ?? false;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** One attempt. Every error but a final {@link DeliveryError} is tried again. */
export interface Delivery<Type extends ChannelRow["settings"]["type"]> {
  readonly settings: Extract<ChannelRow["settings"], { type: Type }>;
  readonly row: NotificationRow;
  /** Address of the page that it is about. */
  readonly link: string;
  readonly signal: AbortSignal;
}

export interface DeliveryTools {
  readonly secret: (reference: string) => Promise<string>;
  readonly guard: NetworkGuard;
  readonly now: () => number;
}
