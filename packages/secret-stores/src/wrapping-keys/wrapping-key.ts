/**
 * A key that never leaves where it is kept and wraps our master keys: what stands in the master key file is then of no use
 * to somebody who has only the file.
 */
export interface WrappingKey {
  /** `vault-transit:MOUNT/KEY` or `aws-kms:ARN`; stands in the file beside what it wrapped. */
  readonly id: string;
  /** @param context what is wrapped; it opens for nothing else. @throws TidewaiterError `secret_unavailable` */
  wrap(plaintext: Uint8Array, context: string): Promise<string>;
  /** @throws TidewaiterError `secret_unavailable`; never with a value in it */
  unwrap(wrapped: string, context: string): Promise<Buffer>;
}

export const KEY_DEADLINE_MS = 15_000;
