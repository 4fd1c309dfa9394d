import { SEND_MESSAGE_BYTES } from "./frame.ts";

/** Buffers kept for the next message, by all tunnels of the process together: 2 MB. */
const KEPT = 8;
/** A message smaller than this has a buffer of its own size. */
const POOLED_FROM_BYTES = 16 * 1024;

const free: Buffer[] = [];

/**
 * A buffer for one message of up to `bytes`. Large ones are used again, because memory outside V8's heap that becomes garbage
 * at bulk speed starts one full garbage collection after the other (measured: half of the CPU).
 */
export function takeMessage(bytes: number): Buffer {
  if (bytes < POOLED_FROM_BYTES) return Buffer.allocUnsafe(bytes);
  return free.pop() ?? Buffer.allocUnsafeSlow(SEND_MESSAGE_BYTES);
}

/** Only once the socket has taken the bytes: they are overwritten. */
export function releaseMessage(buffer: Buffer): void {
  if (buffer.length === SEND_MESSAGE_BYTES && free.length < KEPT) free.push(buffer);
}
