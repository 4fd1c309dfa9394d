import { once } from "node:events";
import { constants, createDeflate, deflateRawSync } from "node:zlib";
import { chunked, duplexPair, readAll } from "@tidewaiter/testkit";
import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";
import fc from "fast-check";
import { expect, it } from "vitest";
import { SpdyConnection, type SpdyStream } from "./connection.ts";
import { SpdyDecoder } from "./decoder.ts";
import { HEADER_DICTIONARY, HEADER_DICTIONARY_ID } from "./dictionary.ts";
import {
  dataFrame,
  goAwayFrame,
  pingFrame,
  rstStreamFrame,
  type SpdyFrame,
  synReplyFrame,
  synStreamFrame,
} from "./frames.ts";
import { HeaderReader, HeaderWriter } from "./header-block.ts";

const u32 = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, 4 * index);
  return bytes;
};
const control = (type: number, length: number, version = 3): Buffer => {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(0x8000 | version, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt32BE(length, 4);
  return head;
};

/** Pieces of data frames put together again, since they may be cut anywhere. */
function joined(frames: readonly SpdyFrame[]): unknown[] {
  const whole: unknown[] = [];
  let data = "";
  for (const frame of frames) {
    if (frame.type !== "data") whole.push("block" in frame ? { ...frame, block: frame.block.toString("hex") } : frame);
    else {
      data += frame.bytes.toString("hex");
      if (frame.fin) whole.push({ stream: frame.stream, data });
      if (frame.fin) data = "";
    }
  }
  return whole;
}

it("reads the same frames wherever their bytes are cut", () => {
  const block = new HeaderWriter().block({ streamType: "stdin", port: "80" });
  const bytes = Buffer.concat([
    synStreamFrame(1, block),
    synReplyFrame(1, block),
    ...dataFrame(1, Buffer.from("hello"), false),
    ...dataFrame(1, Buffer.from(" world"), true),
    control(4, 12),
    u32(1, 0x04000007, 65_536),
    control(9, 8),
    u32(1, 0x7fffffff),
    control(42, 3),
    Buffer.from("abc"),
    pingFrame(7),
    rstStreamFrame(1, 5),
    ...dataFrame(3, Buffer.alloc(0), true),
    goAwayFrame(3),
  ]);
  const whole = joined(new SpdyDecoder().push(bytes));
  expect(whole).toHaveLength(10);
  expect(whole[2]).toEqual({ stream: 1, data: Buffer.from("hello world").toString("hex") });
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sizes) => {
      const decoder = new SpdyDecoder();
      const frames = chunked(bytes, sizes).flatMap((chunk) => decoder.push(Buffer.from(chunk)));
      expect(joined(frames)).toEqual(whole);
    }),
    { numRuns: 200 },
  );
});

it("takes no frame that is too long, of another version, of no stream, or shorter than it has to be", () => {
  for (const bytes of [
    control(1, 0xffffff),
    control(8, 16_395),
    control(6, 4, 2),
    Buffer.concat([control(1, 9), Buffer.alloc(9)]),
    Buffer.concat([control(3, 8), u32(0, 5)]),
    Buffer.concat([control(9, 4), u32(1)]),
    u32(0, 5),
  ])
    expect(() => new SpdyDecoder().push(Buffer.concat([bytes, Buffer.alloc(4)]))).toThrow(ProtocolError);
});

it("decodes random bytes or throws a ProtocolError, and keeps no more than one control frame", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 20 }), (chunks) => {
      const decoder = new SpdyDecoder();
      try {
        for (const chunk of chunks) decoder.push(Buffer.from(chunk));
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }),
    { numRuns: 2_000 },
  );
});

it("reads headers as zlib compresses them, block after block", async () => {
  const deflate = createDeflate({ dictionary: HEADER_DICTIONARY, level: 9 });
  const blocks: Buffer[] = [];
  deflate.on("data", (part: Buffer) => blocks.push(part));
  const reader = new HeaderReader();
  for (const value of ["error", "data", "data"]) {
    const pairs = [u32(2), u32(10), "streamtype", u32(value.length), value, u32(4), "port", u32(2), "80"];
    deflate.write(Buffer.concat(pairs.map((part) => Buffer.from(part as Buffer))));
    await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, resolve));
    expect([...(await reader.read(Buffer.concat(blocks.splice(0))))]).toEqual([
      ["streamtype", value],
      ["port", "80"],
    ]);
  }
  reader.close();
  const own = new HeaderReader();
  const writer = new HeaderWriter();
  for (const headers of [{ streamType: "stdin" }, {}, { a: "b\0c" }])
    expect([...(await own.read(writer.block(headers)))]).toEqual(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    );
  own.close();
});

it("gives up on headers that unfold to too much, are too many, or are not what they say", async () => {
  const start = Buffer.concat([Buffer.from([0x78, 0xbb]), u32(HEADER_DICTIONARY_ID)]);
  const raw = (bytes: Buffer): Buffer =>
    Buffer.concat([start, deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH })]);
  const hostile = [
    raw(Buffer.concat([u32(1), u32(16_000_000), Buffer.alloc(8_000_000)])),
    raw(Buffer.concat([u32(65), Buffer.alloc(1_000)])),
    raw(Buffer.concat([u32(1), u32(0xffffffff)])),
    raw(Buffer.concat([u32(2), u32(1), Buffer.from("a"), u32(0), u32(1), Buffer.from("A"), u32(0)])),
    raw(Buffer.concat([u32(0), Buffer.from("more")])),
    Buffer.from("this is no zlib"),
  ];
  for (const block of hostile) {
    const reader = new HeaderReader();
    await expect(reader.read(block)).rejects.toBeInstanceOf(ProtocolError);
    reader.close();
  }
});

function pair(onStream: (stream: SpdyStream) => boolean) {
  const [near, far] = duplexPair();
  const server = new SpdyConnection(far, Buffer.alloc(0), { role: "server", onStream });
  return { near, server };
}

it("two ends speak over several streams, half-close and reset them", async () => {
  const came: SpdyStream[] = [];
  const { near, server } = pair((stream) => {
    came.push(stream);
    return stream.headers.get("streamtype") !== "unwanted";
  });
  const client = new SpdyConnection(near, Buffer.alloc(0), { role: "client" });
  await expect(client.open({ streamType: "unwanted" })).rejects.toThrow();
  const [one, two] = await Promise.all([client.open({ streamType: "data" }), client.open({ streamType: "error" })]);
  expect(came.map(({ headers }) => headers.get("streamtype"))).toEqual(["unwanted", "data", "error"]);
  const [, first, second] = came;
  one.end("up");
  expect((await readAll(first as SpdyStream)).toString()).toBe("up");
  first?.write("down");
  first?.end();
  expect((await readAll(one)).toString()).toBe("down");
  const reset = once(second as SpdyStream, "reset");
  two.destroy();
  await reset;
  second?.write("nobody reads this");
  client.destroy();
  await server.over;
});

it("a stream that nobody reads stops the connection, and goes on when it is read", async () => {
  const came: SpdyStream[] = [];
  const { near } = pair((stream) => came.push(stream) > 0);
  const client = new SpdyConnection(near, Buffer.alloc(0), { role: "client" });
  const stream = await client.open({ streamType: "data" });
  let written = 0;
  const chunk = Buffer.alloc(16 * 1024, 1);
  while (stream.write(chunk)) written += chunk.length;
  for (let turn = 0; turn < 50; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    while (stream.write(chunk) && written < 8_000_000) written += chunk.length;
  }
  // two high-water marks at each end of the pair and of the streams
  expect(written).toBeLessThan(1_000_000);
  let read = 0;
  came[0]?.on("data", (bytes: Buffer) => {
    read += bytes.length;
  });
  stream.end();
  await once(came[0] as SpdyStream, "end");
  expect(read).toBeGreaterThanOrEqual(written);
  client.destroy();
});

it("ends the connection on ids that may not be, and lives with whatever else a peer says", async () => {
  const block = (): Buffer => new HeaderWriter().block({ streamType: "data" });
  for (const id of [2, 4]) {
    const { near, server } = pair(() => true);
    near.resume();
    near.write(synStreamFrame(id, block()));
    await server.over;
  }
  const { near, server } = pair(() => true);
  near.resume();
  const writer = new HeaderWriter();
  near.write(synStreamFrame(5, writer.block({ a: "b" })));
  near.write(Buffer.concat(dataFrame(99, Buffer.from("to nobody"), true)));
  near.write(
    Buffer.concat([control(9, 8), u32(5, 0x7fffffff), control(9, 8), u32(5, 0x7fffffff), rstStreamFrame(77, 3)]),
  );
  near.write(Buffer.concat([control(4, 12), u32(1, 7, 0)]));
  // its pings are answered, those of our parity are not
  const answered = new Promise<void>((resolve) => {
    const decoder = new SpdyDecoder();
    near.on("data", (chunk: Buffer) => {
      for (const frame of decoder.push(chunk)) if (frame.type === "ping" && frame.id === 11) resolve();
    });
  });
  near.write(Buffer.concat([pingFrame(2), pingFrame(11)]));
  await answered;
  near.write(synStreamFrame(3, writer.block({ a: "b" })));
  await server.over;
});

it("does not keep answers for a peer that asks and does not read", async () => {
  const { near } = pair(() => true);
  const pings = Buffer.concat(Array.from({ length: 1_000 }, (_, index) => pingFrame(2 * index + 1)));
  let written = 0;
  for (let turn = 0; turn < 2_000 && written < 10_000_000; turn++) {
    if (near.writableNeedDrain) await new Promise((resolve) => setImmediate(resolve));
    else {
      near.write(pings);
      written += pings.length;
    }
  }
  expect(written).toBeLessThan(1_000_000);
  near.destroy();
});

it("random bytes behind a good start end the connection or do nothing; nothing is thrown", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 8, maxLength: 200 }), async (noise) => {
      const { near, server } = pair(() => true);
      near.resume();
      near.write(synStreamFrame(1, new HeaderWriter().block({ a: "b" })));
      near.end(Buffer.from(noise));
      await server.over;
    }),
    { numRuns: 200 },
  );
});
