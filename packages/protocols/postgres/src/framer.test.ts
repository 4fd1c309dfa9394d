import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeBackend } from "./encode-backend.ts";
import { encodeFrontend, encodeMessage, encodeQuery, packValues } from "./encode-frontend.ts";
import { createFramer, type Framed, type FramerOptions } from "./framer.ts";
import { BACKEND, FRONTEND } from "./messages.ts";

const MAX = 1024 * 1024;
const backend: FramerOptions = { side: "backend", maxLength: MAX };
const frontend: FramerOptions = { side: "frontend", maxLength: MAX };

function frameAll(options: FramerOptions, chunks: readonly Buffer[]): Framed[] {
  const framer = createFramer(options);
  const found: Framed[] = [];
  for (const chunk of chunks) {
    framer.push(chunk);
    for (let framed = framer.next(); framed !== undefined; framed = framer.next()) found.push(framed);
  }
  expect(framer.atBoundary).toBe(true);
  return found;
}

/** The messages of all that was framed, one buffer each, however they were grouped. */
function messages(framed: readonly Framed[]): Buffer[] {
  const all = Buffer.concat(framed.map(({ buffer, start, end }) => buffer.subarray(start, end)));
  const cut: Buffer[] = [];
  for (let at = 0; at < all.length; ) {
    const end = at + 1 + all.readInt32BE(at + 1);
    cut.push(all.subarray(at, end));
    at = end;
  }
  return cut;
}

function cutAt(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1);
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

const row = (size: number) => encodeBackend({ name: "DataRow", columns: packValues([Buffer.alloc(size, 97), null]) });
const complete = encodeBackend({ name: "CommandComplete", tag: "SELECT 2" });
const ready = encodeBackend({ name: "ReadyForQuery", status: "I" });
const anyBackendMessage = fc.oneof(
  fc.integer({ min: 0, max: 300 }).map(row),
  fc.uint8Array({ maxLength: 300 }).map((data) => encodeBackend({ name: "CopyData", data: Buffer.from(data) })),
  fc.constantFrom(
    complete,
    ready,
    encodeMessage(BACKEND.NoData, () => undefined),
  ),
);

describe("Framer", () => {
  it("finds the same messages however the stream is cut", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.array(anyBackendMessage, { maxLength: 20 }), sizes, (sent, cuts) => {
        const bytes = Buffer.concat(sent);
        for (const options of [backend, { ...backend, fragmentOver: 64, wantFragments: () => true }]) {
          expect(messages(frameAll(options, cutAt(bytes, cuts)))).toEqual(sent);
          expect(messages(frameAll(options, cutAt(bytes, [1])))).toEqual(sent);
        }
      }),
    );
  });

  it("does not copy what lies in one chunk, and reports rows as one run", () => {
    const chunk = Buffer.concat([row(10), row(0), row(500), complete, ready]);
    const [rows, ...others] = frameAll(backend, [chunk]);
    expect(rows).toMatchObject({ kind: "run", type: BACKEND.DataRow, start: 0, count: 3 });
    expect(others.map(({ kind, type }) => [kind, type])).toEqual([
      ["message", BACKEND.CommandComplete],
      ["message", BACKEND.ReadyForQuery],
    ]);
    for (const { buffer } of [rows, ...others].filter((one) => one !== undefined)) expect(buffer).toBe(chunk);
  });

  it("reports COPY data from a client as runs, but Describe as messages", () => {
    const data = encodeFrontend({ name: "CopyData", data: Buffer.from("1\tx\n") });
    const describeIt = encodeFrontend({ name: "Describe", target: "portal", of: "" });
    const framed = frameAll(frontend, [Buffer.concat([describeIt, describeIt, data, data])]);
    expect(framed.map(({ kind }) => kind)).toEqual(["message", "message", "run"]);
    expect(framed[2]).toMatchObject({ count: 2 });
  });

  it("counts a row that came in two chunks as a run of one", () => {
    const [first, second] = [row(100), row(100)];
    const framed = frameAll(backend, cutAt(Buffer.concat([first, second]), [first.length + 3]));
    expect(framed.map((one) => one.kind === "run" && one.count)).toEqual([1, 1]);
  });

  it("streams a long message for whoever wants it, in any chunking", () => {
    const long = row(200_000);
    const asked: [number, number][] = [];
    const wantFragments = (type: number, length: number) => asked.push([type, length]) > 0;
    for (const sizes of [[1_000_000], [70_000], [3, 70_000], [1]]) {
      const framed = frameAll(
        { side: "backend", maxLength: 1000, wantFragments },
        cutAt(Buffer.concat([long, ready]), sizes),
      );
      const parts = framed.filter((one) => one.kind === "fragment");
      expect(parts.every((part) => part.totalLength === long.length && part.type === BACKEND.DataRow)).toBe(true);
      expect(parts.map((part) => part.first).indexOf(true, 1)).toBe(-1);
      expect(parts.findIndex((part) => part.last)).toBe(parts.length - 1);
      expect(parts[0]?.first && parts[0].end - parts[0].start >= 5).toBe(true);
      expect(Buffer.concat(parts.map(({ buffer, start, end }) => buffer.subarray(start, end)))).toEqual(long);
      expect(framed.at(-1)).toMatchObject({ kind: "message", type: BACKEND.ReadyForQuery });
    }
    expect(asked).toEqual(Array.from({ length: 4 }, () => [BACKEND.DataRow, long.length - 1]));
  });

  it("buffers a huge row in time linear to its size", () => {
    const huge = row(24 * 1024 * 1024);
    const started = process.cpuUsage();
    expect(frameAll({ side: "backend", maxLength: 32 * MAX }, cutAt(huge, [1024]))).toHaveLength(1);
    // About 24,000 chunks; concatenating at each of them would copy 300 GB.
    expect(process.cpuUsage(started).user).toBeLessThan(3_000_000);
  });

  it.each<[string, FramerOptions, string, string]>([
    ["a length below 4", backend, "5a00000003", "invalid_length"],
    ["a negative length", backend, "44ffffffff", "invalid_length"],
    ["a length above the cap", backend, "4400100001", "message_too_large"],
    ["a length no server can build", { ...backend, wantFragments: () => true }, "447fffffff", "message_too_large"],
    ["an unknown type", backend, "21", "unknown_message_type"],
    ["a startup packet in a ready session", frontend, "0000000804d2162f", "unknown_message_type"],
    ["a password message in a ready session", frontend, "7000000004", "unknown_message_type"],
    ["a new authentication in a ready session", backend, "5200000008", "unknown_message_type"],
    ["a Sync of 20,000 bytes", frontend, "5300004e20", "message_too_large"],
    ["a bad length behind a row", backend, `${row(1).toString("hex")}4400000002`, "invalid_length"],
  ])("refuses %s", (_what, options, hex, code) => {
    for (const size of [1, 1000]) {
      const framer = createFramer(options);
      const run = () => {
        for (const chunk of cutAt(Buffer.from(hex, "hex"), [size])) {
          framer.push(chunk);
          for (let framed = framer.next(); framed !== undefined; framed = framer.next());
        }
      };
      expect(run).toThrow(expect.objectContaining({ name: "ProtocolError", code }));
      framer.push(ready);
      expect(() => framer.next()).toThrow(ProtocolError);
    }
  });

  it("survives garbage with nothing but ProtocolError", () => {
    const types = [...Object.values(FRONTEND), ...Object.values(BACKEND)];
    const header = fc.tuple(fc.constantFrom(...types), fc.integer({ min: -5, max: 40 })).map(([type, length]) => {
      const bytes = Buffer.alloc(5, type);
      bytes.writeInt32BE(length, 1);
      return bytes;
    });
    const garbage = fc.array(
      fc.oneof(
        header,
        fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      ),
    );
    fc.assert(
      fc.property(garbage, fc.constantFrom(frontend, backend), (chunks, options) => {
        const framer = createFramer({ ...options, maxLength: 30 });
        try {
          for (const chunk of chunks) {
            framer.push(chunk);
            for (let framed = framer.next(); framed !== undefined; framed = framer.next()) {
              expect(framed.end - framed.start).toBeLessThanOrEqual(chunk.length + 31);
            }
          }
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
    );
  });

  it("keeps chunks that are pushed before the earlier ones were taken", () => {
    const framer = createFramer(frontend);
    const bytes = Buffer.concat([encodeQuery("select 1"), encodeQuery("select 2")]);
    for (const chunk of cutAt(bytes, [7])) framer.push(chunk);
    expect(framer.atBoundary).toBe(false);
    expect(framer.next()).toMatchObject({ kind: "message", type: FRONTEND.Query });
    expect(framer.next()).toMatchObject({ kind: "message", type: FRONTEND.Query });
    expect(framer.next()).toBeUndefined();
  });
});
