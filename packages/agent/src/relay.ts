import type { Socket } from "node:net";
import type { MuxStream } from "@tidewaiter/tunnel";
import type { Target } from "./dial.ts";
import { outliveWrites } from "./outlive-writes.ts";

/** A read of at least this many bytes is bulk. */
const BULK_BYTES = 8 * 1024;
/** After so many bulk reads in a row, reading pauses for a moment: fewer, larger reads cost half the CPU (measured). */
const BULK_READS = 8;
const BULK_PAUSE_MS = 1;
/** How long a target may take to read the last bytes after the gateway is done. */
const LINGER_MS = 30_000;

/**
 * Pipes bytes both ways between the gateway's stream and a target until both directions have ended. The end of one
 * direction is passed on, the other goes on; a failure of one side ends the other at once, but for a target that takes nothing
 * more: what it says until its end is passed on.
 *
 * @param onEnd called once with what failed, or undefined
 */
export function relay(stream: MuxStream, target: Target, onEnd: (error: Error | undefined) => void): void {
  const { socket } = target;
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
  toTarget(stream, socket);
  fromTarget(target, stream);
}

function toTarget(stream: MuxStream, socket: Socket): void {
  outliveWrites(socket);
  stream.on("data", (chunk: Buffer) => {
    if (!socket.write(chunk)) stream.pause();
  });
  socket.on("drain", () => stream.resume());
  stream.once("end", () => socket.end());
}

/** Bytes are copied once, from the buffer they are read into to the message that they leave in. */
function fromTarget({ socket, read }: Target, stream: MuxStream): void {
  let bulkReads = 0;
  let full = false;
  let pause: NodeJS.Timeout | undefined;
  const resume = (): void => {
    if (!full && pause === undefined) socket.resume();
  };
  read((bytes) => {
    const taken = stream.offer(bytes);
    if (taken < bytes.length) {
      full = true;
      stream.write(Buffer.from(bytes.subarray(taken)), () => {
        full = false;
        resume();
      });
    }
    bulkReads = bytes.length >= BULK_BYTES ? bulkReads + 1 : 0;
    if (bulkReads >= BULK_READS) {
      bulkReads = 0;
      pause = setTimeout(() => {
        pause = undefined;
        resume();
      }, BULK_PAUSE_MS);
    }
    return !full && pause === undefined;
  });
  socket.once("end", () => stream.end());
  socket.once("close", () => clearTimeout(pause));
}
