import type { SecretReference } from "./secret-reference.ts";

/** One place where secrets are kept. Its scheme is the first word of the references that it resolves. */
export interface SecretStore {
  readonly scheme: string;
  /** Milliseconds that a value without an end of its own may be used again. 0: it is read each time. */
  readonly cacheMs: number;
  /** Form and allow-list, without asking anybody. @throws TidewaiterError `bad_request` */
  check(reference: SecretReference): void;
  /** @throws TidewaiterError `bad_request`, `secret_unavailable`; never with a value in it */
  resolve(reference: SecretReference, signal: AbortSignal): Promise<ResolvedSecret>;
}

export interface ResolvedSecret {
  /** At most 64 KiB. */
  readonly value: string;
  /** Of secrets that hold one, and of users that a store makes for us. */
  readonly username?: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt?: number;
  readonly version?: string;
  readonly lease?: SecretLease;
}

/** A secret that was made for one use and is given back. */
export interface SecretLease {
  readonly id: string;
  readonly renewable: boolean;
  /** @returns the new end, in milliseconds since the epoch */
  renew(signal: AbortSignal): Promise<number>;
  revoke(signal: AbortSignal): Promise<void>;
}

export const SECRET_LIMIT = 64 * 1024;
