import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { dial } from "./dial.ts";

async function server(onSocket: (socket: Socket) => void) {
  const listening = createServer(onSocket).listen(0, "127.0.0.1");
  await once(listening, "listening");
  const address = listening.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    address: { kind: "tcp", host: "127.0.0.1", port: address.port } as const,
    [Symbol.dispose]: () => void listening.close(),
  };
}

describe("dial", () => {
  it("loses nothing of a server that speaks first, nor of a target that waits for its reader", async () => {
    const bulk = Buffer.alloc(3 * 1024 * 1024, "0123456789");
    using target = await server((socket) => {
      socket.write("hello ");
      socket.end(bulk);
    });
    const { socket, read } = await dial(target.address, new AbortController().signal);
    await new Promise((resolve) => setImmediate(resolve));
    const got: Buffer[] = [];
    let reads = 0;
    read((bytes) => {
      got.push(Buffer.from(bytes));
      if (++reads % 3 > 0) return true;
      setImmediate(() => socket.resume());
      return false;
    });
    await once(socket, "end");
    socket.destroy();
    expect(Buffer.concat(got).equals(Buffer.concat([Buffer.from("hello "), bulk]))).toBe(true);
  });

  it("two targets read into the same memory do not mix", async () => {
    using target = await server((socket) => socket.once("data", (byte) => socket.end(Buffer.alloc(500_000, byte))));
    const answers = await Promise.all(
      ["a", "b", "c"].map(async (letter) => {
        const { socket, read } = await dial(target.address, new AbortController().signal);
        const got: Buffer[] = [];
        read((bytes) => {
          got.push(Buffer.from(bytes));
          return true;
        });
        socket.write(letter);
        await once(socket, "end");
        socket.destroy();
        return Buffer.concat(got);
      }),
    );
    expect(answers.map((answer) => answer.equals(Buffer.alloc(500_000, answer.subarray(0, 1))))).toEqual([
      true,
      true,
      true,
    ]);
    expect(answers.map((answer) => String(answer.subarray(0, 1)))).toEqual(["a", "b", "c"]);
  });
});
