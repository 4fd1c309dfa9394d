import { describe, expect, it } from "vitest";
import { decodeMessage } from "../src/decode.ts";
import { encodeFrame } from "../src/encode.ts";
import type { Frame } from "../src/frame.ts";
import { createMux } from "../src/mux.ts";
import type { SocketHandlers, TunnelSocket } from "../src/socket.ts";
import type { MuxStream } from "../src/stream.ts";
import { turns } from "./fake-clock.ts";

const CREDIT = 8 * 1024 * 1024;

/** A mux over a socket that only notes what it is given; `confirm` says that the kernel took it. */
async function recorded(streamCount: number): Promise<{ streams: MuxStream[]; messages: Frame[][]; confirm(): void }> {
  const messages: Frame[][] = [];
  const pending: (() => void)[] = [];
  let handlers: SocketHandlers | undefined;
  const socket: TunnelSocket = {
    start: (given) => {
      handlers = given;
    },
    send(message, sent) {
      messages.push([...decodeMessage(Buffer.from(message), () => 1)]);
      pending.push(sent);
    },
    close() {},
    terminate() {},
  };
  const mux = createMux(socket, { role: "gateway" });
  const hear = (frame: Frame): void => handlers?.message(encodeFrame(frame, 1));
  hear({ kind: "hello", minVersion: 1, maxVersion: 1, initialCredit: CREDIT, maxStreams: 100 });
  const opening = Array.from({ length: streamCount }, () => mux.open(Buffer.alloc(0)));
  await turns();
  for (let index = 0; index < streamCount; index++) hear({ kind: "openOk", stream: 1 + 2 * index });
  const streams = await Promise.all(opening);
  const confirm = (): void => {
    for (const sent of pending.splice(0)) sent();
  };
  confirm();
  await turns();
  messages.length = 0;
  return { streams, messages, confirm };
}

describe("Outbox", () => {
  it("sends everything of one turn in one message, writes of one stream in one frame", async () => {
    const { streams, messages } = await recorded(3);
    for (const stream of streams) {
      for (const text of ["a", "b", "c", "d"]) stream.write(text);
    }
    streams[0]?.end();
    await turns();
    expect(messages).toHaveLength(1);
    const data = messages[0]?.flatMap((frame) =>
      frame.kind === "data" ? [[frame.stream, String(frame.payload)]] : [],
    );
    const texts = [1, 3, 5].map((id) =>
      data
        ?.filter(([stream]) => stream === id)
        .map(([, text]) => text)
        .join(""),
    );
    expect(texts).toEqual(["abcd", "abcd", "abcd"]);
    expect(data?.length).toBeLessThanOrEqual(6);
  });

  it("puts a stream with little to send before bulk that waited longer", async () => {
    const { streams, messages, confirm } = await recorded(2);
    const [bulk, small] = streams;
    bulk?.write(Buffer.alloc(4 * 1024 * 1024));
    await turns();
    small?.write("quick");
    confirm();
    await turns();
    const first = messages.findIndex((frames) =>
      frames.some((frame) => "stream" in frame && frame.stream === small?.id),
    );
    expect(first).toBe(1);
    expect(messages[first]?.[0]).toMatchObject({ kind: "data", stream: small?.id });
  });

  it("takes bulk streams in turn", async () => {
    const { streams, messages, confirm } = await recorded(4);
    for (const stream of streams) stream.write(Buffer.alloc(1024 * 1024));
    for (let round = 0; round < 3; round++) {
      await turns(2);
      confirm();
    }
    const order = messages.flat().map((frame) => ("stream" in frame ? frame.stream : 0));
    expect(order.length).toBeGreaterThanOrEqual(8);
    for (let turn = 0; turn + 4 <= order.length; turn++) expect(new Set(order.slice(turn, turn + 4)).size).toBe(4);
  });

  it("bulk goes on beside any number of streams with little to send", async () => {
    const { streams, messages, confirm } = await recorded(90);
    streams[0]?.write(Buffer.alloc(1024 * 1024));
    for (const stream of streams.slice(1)) stream.write(Buffer.alloc(4096));
    await turns();
    const bulk = messages[0]?.find((frame) => frame.kind === "data" && frame.stream === 1);
    expect(bulk).toMatchObject({ payload: { length: 64 * 1024 } });
    confirm();
  });

  it("gives a socket that is behind no more, and calls no write back", async () => {
    const { streams, messages, confirm } = await recorded(1);
    let calledBack = false;
    streams[0]?.write(Buffer.alloc(2 * 1024 * 1024), () => {
      calledBack = true;
    });
    await turns();
    const held = messages.flat().reduce((sum, frame) => sum + (frame.kind === "data" ? frame.payload.length : 0), 0);
    expect(held).toBeLessThanOrEqual(512 * 1024);
    expect(calledBack).toBe(false);
    for (let round = 0; round < 20; round++) {
      confirm();
      await turns(2);
    }
    expect(calledBack).toBe(true);
  });

  it("copies before it calls back: the memory of a chunk may be used again", async () => {
    const { streams, messages } = await recorded(1);
    const chunk = Buffer.from("first");
    streams[0]?.write(chunk, () => chunk.fill("x"));
    await turns();
    expect(messages.flat()).toMatchObject([{ kind: "data", payload: Buffer.from("first") }]);
  });

  it("takes offered bytes at once, and what is written next leaves behind them", async () => {
    const { streams, messages } = await recorded(1);
    const chunk = Buffer.from("offered ");
    expect(streams[0]?.offer(chunk)).toBe(chunk.length);
    chunk.fill("x");
    streams[0]?.write("written");
    expect(streams[0]?.offer(chunk)).toBe(0);
    streams[0]?.end();
    await turns();
    const frames = messages.flat();
    expect(frames.map(({ kind }) => kind)).toEqual(["data", "data", "fin"]);
    expect(payloads(frames).toString()).toBe("offered written");
  });

  it("no fin or reset overtakes offered bytes", async () => {
    const { streams, messages } = await recorded(2);
    const [ended, broken] = streams;
    for (const stream of streams) expect(stream.offer(Buffer.from("last"))).toBe(4);
    ended?.end();
    broken?.reset({ code: "cancelled", text: "" });
    await turns();
    const kinds = (stream: MuxStream | undefined) =>
      messages.flat().flatMap((frame) => ("stream" in frame && frame.stream === stream?.id ? [frame.kind] : []));
    expect(kinds(ended)).toEqual(["data", "fin"]);
    expect(kinds(broken)).toEqual(["data", "reset"]);
  });

  it("takes no more offered bytes than the socket and the credit have room for, and loses none", async () => {
    const { streams, messages, confirm } = await recorded(1);
    const sent = Buffer.alloc(CREDIT + 1024 * 1024, 0);
    for (let at = 0; at < sent.length; at += 4) sent.writeUInt32BE(at, at);
    let taken = 0;
    for (let round = 0; round < 100 && taken < CREDIT; round++) {
      const now = streams[0]?.offer(sent.subarray(taken)) ?? 0;
      expect(now).toBeLessThanOrEqual(512 * 1024);
      expect(now === 0 || streams[0]?.offer(sent.subarray(taken + now)) === 0 || taken + now === CREDIT).toBe(true);
      taken += now;
      await turns(2);
      confirm();
      await turns(2);
    }
    expect(taken).toBe(CREDIT);
    expect(streams[0]?.offer(sent.subarray(taken))).toBe(0);
    expect(payloads(messages.flat()).equals(sent.subarray(0, CREDIT))).toBe(true);
  });

  it("many small messages hold few buffers: a slow socket has four at most", async () => {
    const { streams, messages, confirm } = await recorded(1);
    for (let index = 0; index < 50; index++) {
      if (streams[0]?.offer(Buffer.from(".")) === 0) streams[0].write(".");
      await turns(2);
    }
    expect(messages).toHaveLength(4);
    confirm();
    await turns();
    expect(payloads(messages.flat()).toString()).toBe(".".repeat(50));
  });
});

function payloads(frames: readonly Frame[]): Buffer {
  return Buffer.concat(frames.flatMap((frame) => (frame.kind === "data" ? [frame.payload] : [])));
}
