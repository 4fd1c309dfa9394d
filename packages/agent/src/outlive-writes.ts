import type { Socket } from "node:net";

type WriteDone = (error?: Error | null) => void;

/** How long a target that reads no more may take to say the rest. */
const REST_MS = 5_000;

/**
 * A write that fails says that the target reads no more, not that everything was read which it had said: a server may answer and
 * close although not all of the request has come. Node would close the socket and drop what the kernel holds of it. So what cannot be
 * written goes nowhere, and the socket ends as reading does. (The gateway does the same on the TLS that it has through it.)
 */
export function outliveWrites(socket: Socket): void {
  let broken = false;
  const forgiving = (done: WriteDone): WriteDone => {
    return (error) => {
      if (error instanceof Error && !broken) {
        broken = true;
        const late = setTimeout(() => socket.destroy(error), REST_MS);
        late.unref();
        socket.once("close", () => clearTimeout(late));
      }
      done();
    };
  };
  const { _write, _writev } = socket;
  socket._write = (chunk, encoding, done) => (broken ? done() : _write.call(socket, chunk, encoding, forgiving(done)));
  if (_writev == null) return;
  socket._writev = (chunks, done) => (broken ? done() : _writev.call(socket, chunks, forgiving(done)));
}
