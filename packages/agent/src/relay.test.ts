import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { Duplex } from "node:stream";
import type { MuxStream } from "@tidewaiter/tunnel";
import { expect, it } from "vitest";
import { dial } from "./dial.ts";
import { relay } from "./relay.ts";

/** A DOUBLE of a stream of the tunnel: `received` is what the gateway gets. */
class GatewayStream extends Duplex {
  received = "";
  resets = 0;

  override _read(): void {}
  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.received += chunk.toString();
    done();
  }
  offer(bytes: Buffer): number {
    this.received += bytes.toString();
    return bytes.length;
  }
  reset(): void {
    this.resets++;
    this.destroy();
  }
}

it("brings what a target said before it closed, although more was still written to it", async () => {
  const accepted = Promise.withResolvers<Socket>();
  const server = createServer({ pauseOnConnect: true }, accepted.resolve).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const target = await dial({ kind: "tcp", host: "127.0.0.1", port }, new AbortController().signal);
  const stream = new GatewayStream();
  const over = new Promise<Error | undefined>((resolve) => relay(stream as unknown as MuxStream, target, resolve));
  const socket = await accepted.promise;
  await new Promise<void>((resolve) => target.socket.write(Buffer.alloc(1_000), () => resolve()));
  // unread input makes the kernel reset the connection behind the last words
  socket.write("exit 2");
  socket.destroy();
  target.socket.write("more");
  await Promise.race([once(stream, "finish"), once(stream, "close")]);
  expect([stream.received, stream.resets]).toEqual(["exit 2", 0]);
  stream.push(null);
  await over;
  server.close();
});
