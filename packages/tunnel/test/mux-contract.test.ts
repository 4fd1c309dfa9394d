import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import type { MuxOptions } from "../src/mux.ts";
import type { MuxStream } from "../src/stream.ts";
import type { StreamOffer } from "../src/stream-table.ts";
import { turns } from "./fake-clock.ts";
import { type MuxPair, memoryPair, muxPair, type SocketPair, webSocketPair } from "./pairs.ts";

const echo = (offer: StreamOffer): void => {
  const stream = offer.accept();
  pipeline(stream, stream).catch(() => {});
};

/** Resolves at the close event; `once` would reject at the error before it. */
function closed(stream: Readable): Promise<void> {
  return new Promise((resolve) => stream.once("close", resolve));
}

async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

describe.each([
  ["memory", memoryPair],
  ["WebSocket", webSocketPair],
])("mux over %s", (_name, makeSockets) => {
  const open: { sockets: SocketPair; pair: MuxPair }[] = [];

  async function connect(gateway: Partial<MuxOptions> = {}, agent: Partial<MuxOptions> = {}): Promise<MuxPair> {
    const sockets = await makeSockets();
    const pair = muxPair(sockets, gateway, agent);
    open.push({ sockets, pair });
    return pair;
  }

  /** The gateway's end and the agent's end of one new stream. */
  async function openStream(): Promise<{ near: MuxStream; far: MuxStream; pair: MuxPair }> {
    const accepted = Promise.withResolvers<MuxStream>();
    const pair = await connect({}, { onOpen: (offer) => accepted.resolve(offer.accept()) });
    const near = await pair.gateway.open(Buffer.alloc(0));
    return { near, far: await accepted.promise, pair };
  }

  afterEach(async () => {
    for (const { sockets, pair } of open.splice(0)) {
      pair.gateway.close();
      pair.agent.close();
      await sockets.close();
    }
  });

  it("opens a stream with metadata and echoes", async () => {
    const metadata: Buffer[] = [];
    const { gateway, agent } = await connect(
      {},
      {
        onOpen: (offer) => {
          metadata.push(offer.metadata);
          echo(offer);
        },
      },
    );
    const stream = await gateway.open(Buffer.from("to whom"));
    stream.end("hello");
    expect((await readAll(stream)).toString()).toBe("hello");
    expect(metadata.map(String)).toEqual(["to whom"]);
    expect([gateway.version, agent.version]).toEqual([1, 1]);
  });

  it("opens streams from both sides", async () => {
    const { gateway, agent } = await connect({ onOpen: echo }, { onOpen: echo });
    for (const stream of await Promise.all([gateway.open(Buffer.alloc(0)), agent.open(Buffer.alloc(0))])) {
      stream.end("x");
      expect((await readAll(stream)).toString()).toBe("x");
    }
  });

  it("carries any interleaving of any chunks on several streams, intact and in order", async () => {
    const { gateway } = await connect({}, { onOpen: echo });
    const plan = fc.array(fc.array(fc.integer({ min: 0, max: 90_000 }), { maxLength: 8 }), {
      minLength: 1,
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(plan, async (lengths) => {
        const done = lengths.map(async (chunkLengths) => {
          const chunks = chunkLengths.map((length) => randomBytes(length));
          const stream = await gateway.open(Buffer.alloc(0));
          for (const chunk of chunks) stream.write(chunk);
          stream.end();
          expect((await readAll(stream)).equals(Buffer.concat(chunks))).toBe(true);
        });
        await Promise.all(done);
      }),
      { numRuns: 25 },
    );
  });

  it("closes each direction by itself", async () => {
    const { near, far } = await openStream();
    near.end("question");
    expect((await readAll(far)).toString()).toBe("question");
    expect(far.writable).toBe(true);
    far.write("an");
    far.end("swer");
    expect((await readAll(near)).toString()).toBe("answer");
    await Promise.all([finished(near), finished(far)]);
  });

  it("resets with the reason, seen as an error and never as an end", async () => {
    const { near, far } = await openStream();
    far.resume();
    const failed = closed(near);
    const ended: boolean[] = [];
    near.on("end", () => ended.push(true)).resume();
    far.reset({ code: "target_lost", text: "the target closed" });
    await failed;
    expect(near.errored).toMatchObject({
      code: "reset",
      message: "target_lost: the target closed",
      reason: { code: "target_lost", text: "the target closed" },
    });
    expect(ended).toEqual([]);
  });

  it("tells an open that was refused why", async () => {
    const { gateway } = await connect(
      {},
      { onOpen: (offer) => offer.refuse({ code: "not_allowed", text: "10.0.0.1:22" }) },
    );
    await expect(gateway.open(Buffer.alloc(0))).rejects.toMatchObject({
      code: "refused",
      reason: { code: "not_allowed", text: "10.0.0.1:22" },
    });
    expect(gateway.streams).toBe(0);
  });

  it("withdraws an open and tells the other side", async () => {
    const offers = Promise.withResolvers<StreamOffer>();
    const { gateway, agent } = await connect({}, { onOpen: offers.resolve });
    const controller = new AbortController();
    const opening = gateway.open(Buffer.alloc(0), { signal: controller.signal });
    const offer = await offers.promise;
    const withdrawn = once(offer.signal, "abort");
    controller.abort();
    await expect(opening).rejects.toMatchObject({ code: "cancelled" });
    await withdrawn;
    expect(() => offer.accept()).toThrow(expect.objectContaining({ code: "cancelled" }));
    expect([gateway.streams, agent.streams]).toEqual([0, 0]);
  });

  it("caps streams on either side", async () => {
    const { gateway } = await connect({}, { onOpen: (offer) => offer.accept(), limits: { maxStreams: 2 } });
    await gateway.open(Buffer.alloc(0));
    await gateway.open(Buffer.alloc(0));
    await expect(gateway.open(Buffer.alloc(0))).rejects.toMatchObject({ code: "too_many_streams" });
  });

  it("carries control messages in order, before and beside streams", async () => {
    const received: string[] = [];
    const three = Promise.withResolvers<void>();
    const { gateway } = await connect(
      {},
      {
        onControl: (bytes) => {
          if (received.push(bytes.toString()) === 3) three.resolve();
        },
      },
    );
    await gateway.ready;
    for (const text of ["a", "b", "c"]) gateway.sendControl(Buffer.from(text));
    await three.promise;
    expect(received).toEqual(["a", "b", "c"]);
    expect(() => gateway.sendControl(Buffer.alloc(64 * 1024 + 1))).toThrow(
      expect.objectContaining({ code: "too_large" }),
    );
  });

  it("stops only the stream whose reader is stalled, and holds no more than its credit", async () => {
    const streams: MuxStream[] = [];
    const { gateway } = await connect({}, { onOpen: (offer) => streams.push(offer.accept()) });
    const stalled = await gateway.open(Buffer.alloc(0));
    let accepted = 0;
    const fill = (): void => {
      while (stalled.write(Buffer.alloc(16 * 1024), () => (accepted += 16 * 1024)));
    };
    stalled.on("drain", fill);
    fill();
    const other = await gateway.open(Buffer.alloc(0));
    const far = streams[1];
    if (far === undefined) throw new Error("no second stream");
    pipeline(far, far).catch(() => {});
    other.end(randomBytes(1024 * 1024));
    expect(await readAll(other)).toHaveLength(1024 * 1024);
    expect(accepted).toBeGreaterThanOrEqual(240 * 1024);
    expect(accepted).toBeLessThanOrEqual((256 + 64 + 64) * 1024);
    expect(stalled.writableNeedDrain).toBe(true);
  });

  it("stops a writer whose reader pauses after a while, and goes on when it reads again", async () => {
    const { near, far } = await openStream();
    let received = 0;
    const first = Promise.withResolvers<void>();
    far.on("data", (chunk: Buffer) => {
      received += chunk.length;
      if (received < 100_000) return;
      far.pause();
      first.resolve();
    });
    let accepted = 0;
    const total = 8 * 1024 * 1024;
    for (let sent = 0; sent < total; sent += 32 * 1024)
      near.write(Buffer.alloc(32 * 1024), () => (accepted += 32 * 1024));
    near.end();
    await first.promise;
    await turns(50);
    expect(near.writableLength).toBeGreaterThan(total - received - 1024 * 1024);
    expect(accepted).toBeLessThan(received + 1024 * 1024);
    far.removeAllListeners("data");
    expect((await readAll(far)).length + received).toBe(total);
  });

  it("ends every stream when the tunnel closes, with the reason", async () => {
    const { near, far, pair } = await openStream();
    const gone = [closed(near), closed(far)];
    pair.agent.close({ code: "maintenance", text: "back soon" });
    await Promise.all(gone);
    expect(far.errored).toMatchObject({ code: "closed" });
    expect(near.errored).toMatchObject({ code: "closed", reason: { code: "maintenance" } });
    expect(await pair.gateway.closed).toEqual({ by: "peer", reason: { code: "maintenance", text: "back soon" } });
    expect(await pair.agent.closed).toMatchObject({ by: "local" });
    await expect(pair.gateway.open(Buffer.alloc(0))).rejects.toMatchObject({ code: "closed" });
  });

  it("shuts down: no new streams, open ones may finish", async () => {
    const { near, far, pair } = await openStream();
    const over = pair.agent.shutdown({ code: "going_away", text: "restart" }, 60_000);
    await expect(pair.agent.open(Buffer.alloc(0))).rejects.toMatchObject({ code: "going_away" });
    near.end("last words");
    expect((await readAll(far)).toString()).toBe("last words");
    await expect(pair.gateway.open(Buffer.alloc(0))).rejects.toMatchObject({ code: "going_away" });
    far.end();
    near.resume();
    expect((await over).reason.code).toBe("going_away");
  });

  it("moves 64 MB of bulk intact while another stream is answered in between", async () => {
    const total = 64 * 1024 * 1024;
    const { gateway } = await connect({}, { onOpen: echo });
    const bulk = await gateway.open(Buffer.alloc(0));
    const small = await gateway.open(Buffer.alloc(0));
    const sentHash = createHash("sha256");
    const receivedHash = createHash("sha256");
    const block = randomBytes(1024 * 1024);
    async function* blocks(): AsyncGenerator<Buffer> {
      for (let sent = 0; sent < total; sent += block.length) {
        block.writeUInt32BE(sent, 0);
        const copy = Buffer.from(block);
        sentHash.update(copy);
        yield copy;
      }
    }
    let received = 0;
    const answeredAt: number[] = [];
    const reading = (async () => {
      for await (const chunk of bulk) {
        received += (chunk as Buffer).length;
        receivedHash.update(chunk as Buffer);
      }
    })();
    small.on("data", () => {
      answeredAt.push(received);
      if (received < total) small.write("ping");
    });
    small.write("ping");
    await Promise.all([pipeline(blocks, bulk, { end: true }).catch(() => {}), reading]);
    expect(receivedHash.digest("hex")).toBe(sentHash.digest("hex"));
    // Order, not time: between two answers no more bulk came than credit and sockets hold.
    const gaps = answeredAt.map((at, index) => at - (answeredAt[index - 1] ?? 0));
    expect(answeredAt.length).toBeGreaterThan(8);
    expect(Math.max(...gaps)).toBeLessThan(12 * 1024 * 1024);
  });
});
