import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { MuxStream } from "@tidewaiter/tunnel";

/** A read of at least this many bytes is bulk. */
const BULK_BYTES = 8 * 1024;
/** After so many bulk reads in a row, reading pauses for a moment: fewer, larger reads cost half the CPU (measured). */
const BULK_READS = 8;
const BULK_PAUSE_MS = 1;
/** How long a target may take to read the last bytes after the gateway is done. */
const LINGER_MS = 30_000;

/**
 * Pipes bytes both ways between the gateway's stream and a target until both directions have ended. The end of one
 * direction is passed on, the other goes on; a failure of one side ends the other at once.
 *
 * @param onEnd called once with what failed, or undefined
 */
export function relay(stream: MuxStream, socket: Socket, onEnd: (error: Error | undefined) => void): void {
  let open = 2;
  let failure: Error | undefined;
  const closed = (): void => {
    if (--open === 0) onEnd(failure);
  };
  socket.on("error", (error: NodeJS.ErrnoException) => {
    failure ??= error;
    stream.reset({ code: "target_lost", text: error.code ?? "" });
  });
  stream.on("error", (error) => {
    failure ??= error;
    socket.destroy();
  });
  socket.once("close", () => {
    if (!stream.writableEnded) stream.reset({ code: "target_lost", text: "" });
    // A target that is closed takes nothing more, so what the gateway still sends has no use.
    if (!stream.readableEnded) stream.destroy();
    closed();
  });
  stream.once("close", () => {
    if (stream.errored !== null || !socket.writableEnded) socket.destroy();
    // Both directions ended well: what the target has not read yet is still on its way to it.
    else socket.setTimeout(LINGER_MS, () => socket.destroy());
    closed();
  });
  pump(stream, socket);
  pump(socket, stream);
}

function pump(from: Duplex, to: Duplex): void {
  let bulkReads = 0;
  let full = false;
  let pause: NodeJS.Timeout | undefined;
  from.on("data", (chunk: Buffer) => {
    full = !to.write(chunk);
    bulkReads = chunk.length >= BULK_BYTES ? bulkReads + 1 : 0;
    if (full) from.pause();
    if (bulkReads < BULK_READS) return;
    bulkReads = 0;
    from.pause();
    pause = setTimeout(() => {
      pause = undefined;
      if (!full) from.resume();
    }, BULK_PAUSE_MS);
  });
  to.on("drain", () => {
    full = false;
    if (pause === undefined) from.resume();
  });
  from.once("end", () => to.end());
  from.once("close", () => clearTimeout(pause));
}
