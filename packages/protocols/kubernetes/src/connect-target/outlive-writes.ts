import type { Duplex } from "node:stream";

type WriteDone = (error?: Error | null) => void;

/**
 * A write that fails says that the peer reads no more, not that everything was read which it had said: a command that leaves its
 * input unread still tells its exit code. Node would close the socket and drop what the kernel holds of it. So what cannot be
 * written goes nowhere, and the socket ends as reading does: by the peer's end or reset, which is not far.
 */
export function outliveWrites(socket: Duplex): void {
  let broken = false;
  const forgiving = (done: WriteDone): WriteDone => {
    return (error) => {
      broken ||= error instanceof Error;
      done();
    };
  };
  const { _write, _writev } = socket;
  socket._write = (chunk, encoding, done) => (broken ? done() : _write.call(socket, chunk, encoding, forgiving(done)));
  if (_writev == null) return;
  socket._writev = (chunks, done) => (broken ? done() : _writev.call(socket, chunks, forgiving(done)));
}
