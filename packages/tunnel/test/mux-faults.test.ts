import { once } from "node:events";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeFrame } from "../src/encode.ts";
import { TunnelError } from "../src/errors.ts";
import type { Frame } from "../src/frame.ts";
import { createMux, type Mux, type MuxOptions } from "../src/mux.ts";
import { memorySocketPair, type TunnelSocket } from "../src/socket.ts";
import { MuxStream } from "../src/stream.ts";
import { FakeClock, turns } from "./fake-clock.ts";

const HELLO: Frame = { kind: "hello", minVersion: 1, maxVersion: 1, initialCredit: 1000, maxStreams: 10 };

/** A mux whose peer is the test, frame by frame. */
function scripted(options: Partial<MuxOptions> = {}): { mux: Mux; send(...frames: Frame[]): void; peer: TunnelSocket } {
  const { a, b } = memorySocketPair();
  const mux = createMux(a, { role: "gateway", ...options });
  b.start({ message: () => {}, closed: () => {} });
  return {
    mux,
    peer: b,
    send: (...frames) => b.send(Buffer.concat(frames.map((each) => encodeFrame(each, 1))), () => {}),
  };
}

describe("a peer that breaks the protocol", () => {
  it.each<[string, string, Frame[]]>([
    ["says no hello first", "protocol", [{ kind: "ping", payload: Buffer.alloc(8) }]],
    ["says hello twice", "protocol", [HELLO, HELLO]],
    ["uses a stream that was never opened", "protocol", [HELLO, { kind: "fin", stream: 2 }]],
    ["opens with our parity", "protocol", [HELLO, { kind: "open", stream: 1, metadata: Buffer.alloc(0) }]],
    [
      "opens out of order",
      "protocol",
      [
        HELLO,
        { kind: "open", stream: 4, metadata: Buffer.alloc(0) },
        { kind: "open", stream: 2, metadata: Buffer.alloc(0) },
      ],
    ],
    ["has no version in common", "version", [{ ...HELLO, minVersion: 7, maxVersion: 9 }]],
    [
      "sends without credit",
      "flow_control",
      [
        HELLO,
        { kind: "open", stream: 2, metadata: Buffer.alloc(0) },
        { kind: "data", stream: 2, payload: Buffer.alloc(1001) },
      ],
    ],
    [
      "sends after its fin",
      "protocol",
      [
        HELLO,
        { kind: "open", stream: 2, metadata: Buffer.alloc(0) },
        { kind: "fin", stream: 2 },
        { kind: "data", stream: 2, payload: Buffer.alloc(1) },
      ],
    ],
    [
      "gives absurd credit",
      "flow_control",
      [
        HELLO,
        { kind: "open", stream: 2, metadata: Buffer.alloc(0) },
        { kind: "window", stream: 2, increment: 0xffff_ffff },
      ],
    ],
  ])("is left: it %s", async (_name, code, frames) => {
    const { mux, send } = scripted({ onOpen: (offer) => offer.accept(), limits: { initialCredit: 1000 } });
    send(...frames);
    expect(await mux.closed).toMatchObject({ by: "local", reason: { code } });
  });

  it("ends the tunnel with a reason at worst, whatever frames it sends in whatever order", async () => {
    const stream = fc.integer({ min: 1, max: 6 });
    const reason = fc.constant({ code: "x", text: "" });
    const frame: fc.Arbitrary<Frame> = fc.oneof(
      fc.record({ kind: fc.constant("open" as const), stream, metadata: fc.constant(Buffer.alloc(0)) }),
      fc.record({ kind: fc.constantFrom("openOk" as const, "fin" as const), stream }),
      fc.record({ kind: fc.constantFrom("openError" as const, "reset" as const), stream, reason }),
      fc.record({
        kind: fc.constant("data" as const),
        stream,
        payload: fc.constantFrom(Buffer.alloc(1), Buffer.alloc(900)),
      }),
      fc.record({ kind: fc.constant("window" as const), stream, increment: fc.constantFrom(1, 0xffff_ffff) }),
      fc.record({ kind: fc.constant("goaway" as const), reason }),
      fc.record({ kind: fc.constant("control" as const), payload: fc.constant(Buffer.alloc(3)) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(frame, { maxLength: 12 }),
        fc.constantFrom("accept", "refuse", "wait"),
        async (frames, answer) => {
          const { mux, send } = scripted({
            limits: { initialCredit: 1000, maxStreams: 3 },
            onOpen: (offer) => {
              if (answer === "accept") offer.accept().write("x");
              if (answer === "refuse") offer.refuse({ code: "no", text: "" });
            },
          });
          const opening = mux.open(Buffer.alloc(0)).catch((error: unknown) => error);
          send(HELLO);
          await mux.ready;
          send(...frames);
          await turns(4);
          mux.close();
          expect((await mux.closed).reason.code).toMatch(/^(normal|protocol|flow_control)$/);
          const outcome = await opening;
          if (!(outcome instanceof MuxStream)) expect(outcome).toBeInstanceOf(TunnelError);
          expect(mux.streams).toBe(0);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("is left when it floods pings and reads nothing", async () => {
    const { a, b } = memorySocketPair();
    const deaf: TunnelSocket = { ...wrap(a), send: () => {} };
    const mux = createMux(deaf, { role: "gateway" });
    b.start({ message: () => {}, closed: () => {} });
    b.send(encodeFrame(HELLO, 1), () => {});
    const flood = Buffer.concat(
      Array.from({ length: 5000 }, () => encodeFrame({ kind: "ping", payload: Buffer.alloc(8) }, 1)),
    );
    for (let round = 0; round < 40; round++) {
      b.send(flood, () => {});
      await turns(2);
    }
    expect(await mux.closed).toMatchObject({ reason: { code: "overloaded" } });
  });
});

describe("versions", () => {
  it("an older peer keeps working", async () => {
    const { a, b } = memorySocketPair();
    const newer = createMux(a, { role: "gateway", versions: { min: 1, max: 4 } });
    const older = createMux(b, {
      role: "agent",
      versions: { min: 1, max: 2 },
      onOpen: (offer) => offer.accept().end("ok"),
    });
    const stream = await newer.open(Buffer.alloc(0));
    const [chunk] = await once(stream, "data");
    expect([newer.version, older.version, String(chunk)]).toEqual([2, 2, "ok"]);
  });
});

describe("time", () => {
  it("gives up on a peer without hello", async () => {
    const clock = new FakeClock();
    const { mux } = scripted({ clock });
    await clock.advance(10_000);
    expect(await mux.closed).toMatchObject({ reason: { code: "handshake_timeout" } });
    await expect(mux.ready).rejects.toMatchObject({ code: "handshake_timeout" });
  });

  it("finds a dead peer within 30 s, and not a quiet one", async () => {
    const clock = new FakeClock();
    const wire = memorySocketPair();
    const gateway = createMux(wire.a, { role: "gateway", clock });
    createMux(wire.b, { role: "agent", clock, onOpen: (offer) => offer.accept() });
    const stream = await gateway.open(Buffer.alloc(0));
    await clock.advance(300_000);
    expect(stream.destroyed).toBe(false);
    wire.cut();
    await clock.advance(30_000);
    expect(await gateway.closed).toMatchObject({ by: "local", reason: { code: "dead_peer" } });
    expect(stream.errored).toMatchObject({ code: "dead_peer" });
  });
});

describe("memory", () => {
  it("a whole credit in 1-byte frames costs a stalled reader about as much as in one", async () => {
    const streams: MuxStream[] = [];
    const { mux, send, peer } = scripted({ onOpen: (offer) => streams.push(offer.accept()) });
    send(HELLO, { kind: "open", stream: 2, metadata: Buffer.alloc(0) });
    await mux.ready;
    const frame = encodeFrame({ kind: "data", stream: 2, payload: Buffer.from("x") }, 1);
    const message = Buffer.concat(Array.from({ length: 32 * 1024 }, () => frame));
    const before = process.memoryUsage().arrayBuffers;
    for (let round = 0; round < 8; round++) {
      peer.send(message, () => {});
      await turns(2);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 * 1024 * 1024);
    const stream = streams[0];
    if (stream === undefined) throw new Error("no stream");
    let length = 0;
    stream.on("data", (chunk: Buffer) => (length += chunk.length));
    await turns();
    expect(length).toBe(256 * 1024);
  });
});

function wrap(socket: TunnelSocket): TunnelSocket {
  return {
    start: (handlers) => socket.start(handlers),
    send: (message, sent) => socket.send(message, sent),
    close: () => socket.close(),
    terminate: () => socket.terminate(),
  };
}
