import type { Readable, Writable } from "node:stream";

/**
 * Moves bytes from one stream to another, changed on their way, no faster than the other takes them. Resolves when the
 * source has ended and everything was handed over; the sink is left open.
 */
export function pump(
  source: Readable,
  sink: Writable,
  change: (chunk: Buffer) => Buffer | undefined = (chunk) => chunk,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const onData = (chunk: Buffer): void => {
    const bytes = change(chunk);
    if (bytes === undefined || bytes.length === 0 || sink.destroyed || sink.writableEnded) return;
    if (!sink.write(bytes)) {
      source.pause();
      sink.once("drain", () => source.resume());
    }
  };
  source.on("data", onData);
  // a sink that is gone takes nothing any more: the source is read to its end all the same, so that its peer is not stuck
  sink.once("close", () => source.resume());
  source.once("end", resolve);
  source.once("close", resolve);
  source.once("error", () => resolve());
  return promise;
}
