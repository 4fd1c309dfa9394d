import { once } from "node:events";
import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { outliveWrites } from "./outlive-writes.ts";

test.each([false, true])(
  "what a peer said before it stopped reading is read, however much is still written (batched: %s)",
  async (batched) => {
    let tries = 0;
    const fails = (done: (error: Error) => void): void => {
      tries++;
      done(Object.assign(new Error("write EPIPE"), { code: "EPIPE", syscall: "write" }));
    };
    const socket = new Duplex({
      read() {},
      write: (_chunk, _encoding, done) => fails(done),
      ...(batched && { writev: (_chunks, done) => fails(done) }),
    });
    outliveWrites(socket);
    socket.cork();
    for (const part of ["a", "b", "c"]) socket.write(part);
    socket.uncork();
    socket.push("exit 2");
    const [said] = await once(socket, "data");
    expect(String(said)).toBe("exit 2");
    expect([tries, socket.destroyed, socket.errored]).toEqual([1, false, null]);
    const over = once(socket, "error");
    socket.destroy(new Error("read ECONNRESET"));
    expect(String(await over)).toContain("read ECONNRESET");
  },
);
