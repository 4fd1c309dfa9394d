import { type Duplex, duplexPair as nodeDuplexPair } from "node:stream";

export interface DuplexPairOptions {
  /** Bytes each direction holds before `write` answers false. Default 64 KiB. */
  readonly highWaterMark?: number;
}

/**
 * Two ends of an in-memory connection: what one writes the other reads. Like two TCP sockets they have backpressure
 * (a write is done when the other side has asked for the bytes) and half-close (`end` on one side is `end` of reading
 * on the other, which may go on writing).
 */
export function duplexPair(options: DuplexPairOptions = {}): [Duplex, Duplex] {
  const [left, right] = nodeDuplexPair({ highWaterMark: options.highWaterMark ?? 64 * 1024 });
  return [left, right];
}

/** Everything a side sends until it half-closes. Rejects when the stream is destroyed with an error. */
export async function readAll(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
