import type { Readable, Writable } from "node:stream";

/** Whether so many bytes may pass; a promise where somebody has to be asked. */
export type Gate = (bytes: number) => true | Promise<boolean>;

const OPEN: Gate = () => true;

/**
 * Moves bytes from one stream to another, changed on their way, no faster than the other takes them and `gate` lets them.
 * Resolves when the source has ended and everything was handed over; the sink is left open. What a closed gate stops is lost.
 */
export function pump(
  source: Readable,
  sink: Writable,
  change: (chunk: Buffer) => Buffer | undefined = (chunk) => chunk,
  gate: Gate = OPEN,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let asking: Promise<void> | undefined;
  const write = (bytes: Buffer): void => {
    if (sink.destroyed || sink.writableEnded || sink.write(bytes)) return;
    source.pause();
    sink.once("drain", () => {
      if (asking === undefined) source.resume();
    });
  };
  const ask = async (bytes: Buffer, answer: Promise<boolean>): Promise<void> => {
    source.pause();
    if (await answer.catch(() => false)) write(bytes);
    asking = undefined;
    if (!sink.writableNeedDrain) source.resume();
  };
  source.on("data", (chunk: Buffer) => {
    const bytes = change(chunk);
    if (bytes === undefined || bytes.length === 0) return;
    const allowed = gate(bytes.length);
    if (allowed === true) write(bytes);
    else asking = ask(bytes, allowed);
  });
  // a sink that is gone takes nothing any more: the source is read to its end all the same, so that its peer is not stuck
  sink.once("close", () => source.resume());
  // one that was read before, and paused since
  source.resume();
  const over = (): void => void (asking ?? Promise.resolve()).then(resolve);
  source.once("end", over);
  source.once("close", over);
  source.once("error", over);
  return promise;
}
