import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { duplexPair, readAll } from "@tidewaiter/testkit";
import fc from "fast-check";
import { expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import type { UpgradeExchange } from "../accept-client/exchange.ts";
import { acceptRemoteCommand } from "../streams/accept-remote-command.ts";
import type { RemoteCommand } from "../streams/remote-command.ts";
import { type ChannelsOptions, WebSocketChannels } from "./channels.ts";
import { messageStream } from "./message-stream.ts";
import { Sender } from "./ws-parts.ts";

const SERVER: ChannelsOptions = { role: "server", base64: false, closes: true, reads: [0, 4] };
const CLIENT: ChannelsOptions = { role: "client", base64: false, closes: true, reads: [1, 2, 3] };

const frame = (opcode: number, data: Buffer, fin = true): Buffer =>
  Buffer.concat(Sender.frame(Buffer.from(data), { fin, opcode, mask: true, readOnly: true, rsv1: false }));

it("both ends of v5 speak over their channels, and stdin is closed by itself", async () => {
  const [near, far] = duplexPair();
  const server = new WebSocketChannels(far, Buffer.alloc(0), SERVER);
  const client = new WebSocketChannels(near, Buffer.alloc(0), CLIENT);
  client.channel(0).end("typed");
  expect((await readAll(server.channel(0))).toString()).toBe("typed");
  server.channel(1).write("out");
  server.channel(2).write("err");
  server.channel(3).write("{}");
  server.end();
  const [out, err, status] = await Promise.all([1, 2, 3].map((number) => readAll(client.channel(number))));
  expect([out, err, status].map(String)).toEqual(["out", "err", "{}"]);
  await Promise.all([server.over, client.over]);
});

it("says the same whatever its bytes are cut into, and drops what is for no channel", async () => {
  const bytes = Buffer.concat([
    frame(2, Buffer.from("\0hel")),
    frame(9, Buffer.from("ping")),
    frame(2, Buffer.from("\0l"), false),
    frame(0, Buffer.from("o")),
    frame(2, Buffer.from("\x07nobody")),
    frame(2, Buffer.alloc(0)),
    frame(2, Buffer.from("\x04size")),
    frame(2, Buffer.from([255, 0])),
    frame(2, Buffer.from("\0late")),
  ]);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: bytes.length }), async (size) => {
      const [near, far] = duplexPair();
      near.resume();
      const server = new WebSocketChannels(far, Buffer.alloc(0), SERVER);
      // copies: they are unmasked where they lie
      for (let at = 0; at < bytes.length; at += size) near.write(Buffer.from(bytes.subarray(at, at + size)));
      expect((await readAll(server.channel(0))).toString()).toBe("hello");
      expect(server.channel(4).read()?.toString()).toBe("size");
      server.destroy();
    }),
    { numRuns: 60 },
  );
});

it("ends on frames that may not be: not masked, giant, closing what is no channel", async () => {
  const unmasked = Sender.frame(Buffer.from("\0x"), { fin: true, opcode: 2, mask: false, readOnly: true, rsv1: false });
  const giant = Buffer.from([0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4]);
  const rsv = Buffer.from([0xf2, 0x80, 1, 2, 3, 4]);
  for (const bytes of [
    Buffer.concat(unmasked),
    giant,
    rsv,
    frame(2, Buffer.from([255])),
    frame(2, Buffer.from([255, 9])),
  ]) {
    const [near, far] = duplexPair();
    near.resume();
    const server = new WebSocketChannels(far, Buffer.alloc(0), SERVER);
    near.write(bytes);
    await server.over;
  }
});

it("random bytes end it or do nothing; nothing is thrown", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 100 }), async (noise) => {
      const [near, far] = duplexPair();
      near.resume();
      const server = new WebSocketChannels(far, Buffer.alloc(0), SERVER);
      near.end(Buffer.from(noise));
      await server.over;
    }),
    { numRuns: 300 },
  );
});

it("carries one byte stream in messages, wherever they are cut", async () => {
  const [near, far] = duplexPair();
  const server = messageStream(far, Buffer.alloc(0), "server");
  const client = messageStream(near, Buffer.alloc(0), "client");
  const sent = Buffer.alloc(300_000, "abc");
  client.write(sent);
  client.end();
  expect((await readAll(server)).equals(sent)).toBe(true);
});

/** A server that accepts exec as the gateway does, and a client of the `ws` library. */
async function connect(protocols: string[], query = "stdin=true&stdout=true&stderr=true") {
  const accepted = Promise.withResolvers<RemoteCommand>();
  const server = createServer();
  server.on("upgrade", (request, socket, head) => {
    const upgrade: UpgradeExchange = {
      method: "GET",
      path: "/",
      query,
      headers: request.headers,
      signal: new AbortController().signal,
      socket,
      head,
    };
    const wish = { stdin: true, stdout: true, stderr: true, tty: false };
    const acceptance = acceptRemoteCommand(upgrade, wish);
    if (!acceptance.ok) return void socket.end(`HTTP/1.1 ${acceptance.status.code} no\r\ncontent-length: 0\r\n\r\n`);
    acceptance.accept().then(accepted.resolve, accepted.reject);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`, protocols);
  onTestFinished(() => {
    client.terminate();
    server.close();
  });
  const messages: string[] = [];
  client.on("message", (data: Buffer) => messages.push(data.toString("latin1")));
  return { client, messages, accepted: accepted.promise };
}

it("speaks v4, base64 and the oldest protocol to the clients of other libraries", async () => {
  for (const [protocols, chosen, text] of [
    [["v4.channel.k8s.io"], "v4.channel.k8s.io", (n: number, t: string) => String.fromCharCode(n) + t],
    [["x.example", "v4.base64.channel.k8s.io"], "v4.base64.channel.k8s.io", (n: number, t: string) => n + btoa(t)],
    [["base64.channel.k8s.io"], "base64.channel.k8s.io", (n: number, t: string) => n + btoa(t)],
    [[], "", (n: number, t: string) => String.fromCharCode(n) + t],
  ] as const) {
    const { client, messages, accepted } = await connect([...protocols]);
    await once(client, "open");
    expect(client.protocol).toBe(chosen);
    const command = await accepted;
    client.send(Buffer.from(text(0, "typed"), "latin1"));
    const [typed] = await once(command.stdin as NonNullable<RemoteCommand["stdin"]>, "data");
    expect(String(typed)).toBe("typed");
    command.stdout?.write("out");
    command.error.write("end");
    command.end();
    const [code] = await once(client, "close");
    expect(code).toBe(1000);
    expect(messages).toEqual([text(1, ""), text(1, "out"), text(3, "end")]);
    expect(command.status).toBe(chosen.startsWith("v4"));
    await command.over;
  }
});

it("refuses a protocol that it does not know, before it upgrades", async () => {
  const { client } = await connect(["v9.channel.k8s.io"]);
  const [error] = await once(client, "error");
  expect(String(error)).toContain("400");
});
