import type { Duplex } from "node:stream";

/**
 * Reads no more from a peer while more than `limit` bytes for it wait: a peer that asks and never reads the answers has to
 * stop asking. ssh2 takes no notice of how much its socket holds.
 */
export function pauseWhileUnread(stream: Duplex, limit: number): void {
  stream.on("data", () => {
    if (stream.writableLength <= limit || stream.isPaused()) return;
    stream.pause();
    stream.once("drain", () => stream.resume());
  });
}
