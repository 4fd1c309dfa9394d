import { type EventEmitter, once } from "node:events";
import { createRequire } from "node:module";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import ssh2, { type Connection, type NegotiatedAlgorithms } from "ssh2";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { OFFERED } from "../algorithms.ts";
import { hostKeyLine, newHostKey } from "../host-key-pair.ts";
import { sshTargetSchema } from "../target-schema.ts";
import { connectTarget, SshTargetError } from "./connect-target.ts";

/** What our patch adds to ssh2, which takes it from here at each exchange. */
const exchange = createRequire(import.meta.url)("ssh2/lib/protocol/mlkem768x25519.js") as {
  createInit(): object;
  answerInit(init: Buffer): object;
};
const MLKEM = "mlkem768x25519-sha256";
const KEX_INIT = 30;
const KEX_REPLY = 31;
const KEY_EXCHANGE_FAILED = 3;

/** Changes the payload of a packet that goes by before the keys are there. */
type Tamper = (payload: Buffer) => Buffer;

interface Seen {
  readonly exchanged: NegotiatedAlgorithms[];
  readonly told: Error[];
  logins: number;
  /** The reason of the last disconnect that could be read on the wire. */
  disconnect?: number;
}

/** Our listener behind a wire that changes one packet, and our connection to it. */
describe("keys exchanged by mlkem768x25519-sha256", () => {
  const privateKey = newHostKey();
  let host: ssh2.Server;
  let wire: Server;
  let tamper: { readonly packet: number; readonly change: Tamper } | undefined;
  /** Of the last connection. */
  let seen: Seen = { exchanged: [], told: [], logins: 0 };
  let last: Connection;

  beforeAll(async () => {
    host = new ssh2.Server({ hostKeys: [privateKey], algorithms: OFFERED }, (connection) => {
      last = connection;
      const of = seen;
      (connection as unknown as { setNoDelay(on: boolean): void }).setNoDelay(true);
      connection.on("error", (error) => {
        of.told.push(error);
        connection.end();
      });
      connection.on("handshake", (negotiated) => of.exchanged.push(negotiated));
      connection.on("authentication", (context) => {
        of.logins++;
        context.accept();
      });
      connection.on("session", (accept) =>
        accept().on("exec", (take) => {
          const channel = take();
          channel.pipe(channel);
        }),
      );
    });
    host.listen(0, "127.0.0.1");
    await once(host, "listening");
    wire = createServer({ noDelay: true }, (near) => {
      const { port } = host.address() as AddressInfo;
      const far = connect({ port, host: "127.0.0.1", noDelay: true });
      const change: Tamper = (payload) =>
        tamper !== undefined && tamper.packet === payload[0] ? tamper.change(payload) : payload;
      carry(near, far, change);
      carry(far, near, change);
    });
    wire.listen(0, "127.0.0.1");
    await once(wire, "listening");
  });
  afterEach(() => void vi.restoreAllMocks());
  afterAll(() => {
    wire?.close();
    host?.close();
  });

  async function login(change?: typeof tamper, algorithms: "modern" | "legacy" = "modern") {
    tamper = change;
    seen = { exchanged: [], told: [], logins: 0 };
    const { port } = wire.address() as AddressInfo;
    const stream = connect({ port, host: "127.0.0.1", noDelay: true });
    await once(stream, "connect");
    const target = sshTargetSchema.parse({ host: "127.0.0.1", port, hostKeys: [hostKeyLine(privateKey)], algorithms });
    const credential = { type: "password", username: "deploy", password: "-" } as const;
    return connectTarget({ stream, target, credential, resource: "web-1" });
  }

  it.each(["modern", "legacy"] as const)("are what both sides prefer, with %s algorithms", async (algorithms) => {
    const { client } = await login(undefined, algorithms);
    expect(seen.exchanged.map(({ kex }) => kex)).toEqual([MLKEM]);
    client.end();
  });

  it("and again, from either side, in the middle of a transfer", async () => {
    const { client } = await login();
    const content = Buffer.alloc(3_000_000, "keys come and go. ");
    const channel = await new Promise<ssh2.ClientChannel>((resolve) => client.exec("cat", (_, made) => resolve(made)));
    const came: Buffer[] = [];
    channel.on("data", (chunk: Buffer) => came.push(chunk));
    const rekey = async (side: { readonly _protocol: { rekey(): void } }): Promise<void> => {
      const again = once(last, "rekey");
      side._protocol.rekey();
      await again;
    };
    channel.write(content.subarray(0, 1_500_000));
    await rekey(client as never);
    channel.write(content.subarray(1_500_000));
    await rekey(last as never);
    await rekey(client as never);
    channel.end();
    await once(channel, "close");
    expect(Buffer.concat(came).equals(content)).toBe(true);
    expect(seen.exchanged.map(({ kex }) => kex)).toEqual([MLKEM, MLKEM, MLKEM, MLKEM]);
    client.end();
  });

  it("and a host that exchanges them without end is left", async () => {
    const { client, left } = await login();
    const closed = once(client, "close");
    last.on("rekey", () => last.rekey());
    last.rekey();
    await closed;
    expect(left()).toBe("web-1 exchanged keys too often");
    expect(seen.exchanged.length).toBeGreaterThanOrEqual(60);
    expect(seen.exchanged.length).toBeLessThan(80);
  });

  it.each([
    ["init", "createInit", { init: Buffer.alloc(1216, 0xff) }],
    ["reply", "answerInit", { reply: Buffer.alloc(1120), secret: Buffer.alloc(32) }],
  ] as const)("and a bad %s of a later exchange ends the connection", async (_, maker, bad) => {
    const { client } = await login();
    // an error may come before
    const closing = (side: EventEmitter) => new Promise((resolve) => side.once("close", resolve));
    const closed = Promise.all([closing(client), closing(last)]);
    vi.spyOn(exchange, maker).mockReturnValueOnce(bad);
    last.rekey();
    await closed;
    expect(seen.exchanged).toHaveLength(maker === "createInit" ? 1 : 2);
    (await login()).client.end();
  });

  const resized =
    (length: number): Tamper =>
    (payload) => {
      const at = payload[0] === KEX_REPLY ? 5 + payload.readUInt32BE(1) : 1;
      const value = Buffer.concat([payload.subarray(at + 4, at + 4 + payload.readUInt32BE(at)), Buffer.alloc(4096)]);
      const size = Buffer.alloc(4);
      size.writeUInt32BE(length);
      const rest = payload.subarray(at + 4 + payload.readUInt32BE(at));
      return Buffer.concat([payload.subarray(0, at), size, value.subarray(0, length), rest]);
    };
  const filled =
    (from: number, to: number, byte: number): Tamper =>
    (payload) => {
      const at = payload[0] === KEX_REPLY ? 5 + payload.readUInt32BE(1) : 1;
      return Buffer.from(payload).fill(byte, at + 4 + from, at + 4 + to);
    };
  const endless: Tamper = (payload) => Buffer.from(payload).fill(0xff, 1, 5);
  const cases = (keyBytes: number): [string, Tamper][] => [
    ["empty", resized(0)],
    ["a byte short", resized(keyBytes + 31)],
    ["a byte long", resized(keyBytes + 33)],
    ["the X25519 key alone", resized(32)],
    ["without its X25519 key", resized(keyBytes)],
    ["with an X25519 key of zeros", filled(keyBytes, keyBytes + 32, 0)],
    ["with a length beyond its end", endless],
    ["cut in its length", (payload) => payload.subarray(0, 3)],
  ];

  const refusedInits: [string, Tamper][] = [
    ...cases(1184),
    ["with an encapsulation key that is none", filled(0, 1184, 0xff)],
  ];
  it.each(refusedInits)("our listener refuses an init %s, with a disconnect", async (_, change) => {
    const error = await login({ packet: KEX_INIT, change }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SshTargetError);
    expect(seen.exchanged).toEqual([]);
    expect(seen.told).toHaveLength(1);
    expect(seen.disconnect).toBe(KEY_EXCHANGE_FAILED);
  });

  it.each(cases(1088))("our connection refuses a reply %s", async (_, change) => {
    const error = await login({ packet: KEX_REPLY, change }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "unreachable" });
    expect(seen.logins).toBe(0);
  });

  it.each([
    ["init", KEX_INIT, 40],
    ["init's X25519 key", KEX_INIT, 1184 + 9],
    ["reply's ciphertext", KEX_REPLY, 40],
    ["reply's X25519 key", KEX_REPLY, 1088 + 9],
  ])("a flipped bit of the %s comes out before anybody logs in", async (_, packet, at) => {
    const flip: Tamper = (payload) => {
      const value = payload[0] === KEX_REPLY ? 9 + payload.readUInt32BE(1) : 5;
      const copy = Buffer.from(payload);
      copy[value + at] = (copy[value + at] ?? 0) ^ 1;
      return copy;
    };
    await expect(login({ packet, change: flip })).rejects.toBeInstanceOf(SshTargetError);
    expect(seen.logins).toBe(0);
  });

  /** RFC 4253, 6: uint32 length, byte padding, payload, padding; without encryption until new keys. */
  function carry(from: Socket, to: Socket, change: Tamper): void {
    let buffer = Buffer.alloc(0);
    let ident = false;
    let encrypted = false;
    const of = seen;
    from.on("error", () => {});
    from.on("close", () => to.destroy());
    from.on("end", () => to.end());
    from.on("data", (chunk: Buffer) => {
      if (encrypted) return void to.write(chunk);
      buffer = Buffer.concat([buffer, chunk]);
      if (!ident) {
        const end = buffer.indexOf("\n") + 1;
        if (end === 0) return;
        ident = true;
        to.write(buffer.subarray(0, end));
        buffer = buffer.subarray(end);
      }
      while (!encrypted && buffer.length >= 4 && buffer.length >= 4 + buffer.readUInt32BE(0)) {
        const length = buffer.readUInt32BE(0);
        const payload = buffer.subarray(5, 4 + length - (buffer[4] ?? 0));
        buffer = buffer.subarray(4 + length);
        encrypted = payload[0] === 21;
        if (payload[0] === 1) of.disconnect = payload.readUInt32BE(1);
        to.write(packetOf(change(payload)));
      }
      if (encrypted) to.write(buffer);
    });
  }
});

function packetOf(payload: Buffer): Buffer {
  const padding = 4 + ((8 - ((payload.length + 9) % 8)) % 8);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(1 + payload.length + padding);
  head[4] = padding;
  return Buffer.concat([head, payload, Buffer.alloc(padding)]);
}
