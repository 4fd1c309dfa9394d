import crypto from "node:crypto";
import zlib from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SessionEvent } from "./events.ts";
import { segmentPrimitives } from "./primitives.ts";
import { eraseSegmentKey, recoverSegment } from "./recover-segment.ts";
import { createSegmentWriter, encodeEvents, NO_PREVIOUS_HASH, openSegment } from "./segment.ts";
import { inspectSegment, verifySegments } from "./verify.ts";

const primitives = segmentPrimitives(crypto, zlib);
const key = crypto.randomBytes(32);

function notice(text: string): SessionEvent {
  return { at: 1, type: "notice", code: "N", text };
}

interface Made {
  readonly bytes: Uint8Array;
  readonly hash: string;
}

function makeSegment(
  batches: readonly (readonly SessionEvent[])[],
  place: { sessionId?: string; sequence?: number; previousHash?: string; closed?: boolean } = {},
): Made {
  const { sessionId = "ses_a", sequence = 1, previousHash = NO_PREVIOUS_HASH, closed = true } = place;
  const header = { sessionId, sequence, previousHash, keyId: "mk_1", wrappedKey: "d3JhcHBlZA==", createdAt: 1_000 };
  const writer = createSegmentWriter(header, key, primitives);
  const parts = [writer.header];
  for (const batch of batches) parts.push(writer.frame(encodeEvents(batch.map((event) => JSON.stringify(event)))));
  const end = writer.close({ closedAt: 2_000, incomplete: false });
  if (closed) parts.push(end.bytes);
  return { bytes: new Uint8Array(Buffer.concat(parts)), hash: end.hash };
}

function makeChain(length: number, sessionId = "ses_a"): { segments: Uint8Array[]; lastSegmentHash: string } {
  const segments: Uint8Array[] = [];
  let previousHash = NO_PREVIOUS_HASH;
  for (let sequence = 1; sequence <= length; sequence++) {
    const made = makeSegment([[notice(`in ${sequence}`)], [notice("x".repeat(900))]], {
      sessionId,
      sequence,
      previousHash,
    });
    segments.push(made.bytes);
    previousHash = made.hash;
  }
  return { segments, lastSegmentHash: previousHash };
}

const anyEvents = fc.array(
  fc.record({
    at: fc.nat(),
    type: fc.constant("notice" as const),
    code: fc.string({ unit: "grapheme" }),
    text: fc.oneof(
      fc.string({ unit: "binary", maxLength: 2_000 }),
      fc.string({ maxLength: 20 }).map((s) => s.repeat(60)),
    ),
  }),
  { minLength: 1, maxLength: 5 },
);

describe("segment", () => {
  it("gives back any events in order, whole or still growing", () => {
    fc.assert(
      fc.property(fc.array(anyEvents, { maxLength: 8 }), fc.boolean(), (batches, closed) => {
        const opened = openSegment(makeSegment(batches, { closed }).bytes, key, primitives);
        expect(opened).toMatchObject({
          ok: true,
          header: { sessionId: "ses_a", sequence: 1, wrappedKey: "d3JhcHBlZA==" },
        });
        expect(opened.events).toEqual(JSON.parse(JSON.stringify(batches.flat())));
        expect("footer" in opened).toBe(closed);
      }),
      { numRuns: 60 },
    );
  });

  it("compresses large frames only, and holds no plain text", () => {
    const text = "select secret_value from customers ";
    const large = makeSegment([[notice(text.repeat(200))]]).bytes;
    expect(large.length).toBeLessThan(700);
    const small = makeSegment([[notice(text)]]).bytes;
    expect(Buffer.from(small).includes("secret_value")).toBe(false);
  });

  it("seals the same events differently every time", () => {
    const [a, b] = [makeSegment([[notice("same")]]).bytes, makeSegment([[notice("same")]]).bytes];
    expect(Buffer.compare(a.slice(-120, -60), b.slice(-120, -60))).not.toBe(0);
  });

  it("refuses another key", () => {
    const opened = openSegment(makeSegment([[notice("x")]]).bytes, crypto.randomBytes(32), primitives);
    expect(opened).toMatchObject({ ok: false, problem: { kind: "changed" }, events: [] });
  });

  it("refuses frames moved within a segment although every CRC is right", () => {
    const { bytes } = makeSegment([[notice("one")], [notice("two")]], { closed: false });
    const start = makeSegment([], { closed: false }).bytes.length;
    const frame = (bytes.length - start) / 2;
    const swapped = Buffer.concat([
      bytes.subarray(0, start),
      bytes.subarray(start + frame),
      bytes.subarray(start, start + frame),
    ]);
    expect(openSegment(swapped, key, primitives)).toMatchObject({
      ok: false,
      problem: { kind: "changed" },
      events: [],
    });
  });

  it("finds every changed byte, by hash alone and by opening", () => {
    const { bytes } = makeSegment([[notice("one")], [notice("y".repeat(600))]]);
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at] = (changed[at] ?? 0) ^ 0x20;
      expect(inspectSegment(changed, primitives).problem, `byte ${at}`).toBeDefined();
    }
  });

  it("survives truncation at every byte: whole frames are kept, the rest is counted", () => {
    const batches = [[notice("one")], [notice("two"), notice("three")], [notice("z".repeat(800))]];
    const { bytes } = makeSegment(batches, { closed: false });
    const boundaries = [0, 1, 2, 3].map((n) => makeSegment(batches.slice(0, n), { closed: false }).bytes.length);
    for (let length = 0; length <= bytes.length; length++) {
      const recovered = recoverSegment(bytes.subarray(0, length), { closedAt: 9 }, primitives);
      const frames = boundaries.filter((end) => end <= length).length - 1;
      if (frames < 0) {
        expect(recovered.state).toBe("unreadable");
        continue;
      }
      expect(recovered).toMatchObject({ state: "repaired", frames, lostBytes: length - (boundaries[frames] ?? 0) });
      if (recovered.state === "unreadable") continue;
      const opened = openSegment(recovered.bytes, key, primitives);
      expect(opened).toMatchObject({ ok: true, footer: { recovered: true } });
      expect(opened.events).toEqual(batches.slice(0, frames).flat());
      expect(recoverSegment(recovered.bytes, { closedAt: 10 }, primitives)).toMatchObject({
        state: "closed",
        hash: recovered.hash,
      });
    }
  });

  it("keeps nothing of a frame whose pages never reached the disk, although its length says it is there", () => {
    const batches = [[notice("one")], [notice("two".repeat(40))]];
    const [first, both] = [batches.slice(0, 1), batches].map(
      (part) => makeSegment(part, { closed: false }).bytes.length,
    );
    const { bytes } = makeSegment(batches, { closed: false });
    bytes.fill(0, (first ?? 0) + 20);
    const recovered = recoverSegment(bytes, { closedAt: 9 }, primitives);
    expect(recovered).toMatchObject({ state: "repaired", frames: 1, lostBytes: (both ?? 0) - (first ?? 0) });
  });

  it("answers with values for any bytes, whole noise or a damaged segment", () => {
    const { bytes } = makeSegment([[notice("one")], [notice("w".repeat(900))]]);
    const damage = fc.record({
      edits: fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 12 }),
      cut: fc.nat(bytes.length),
      tail: fc.uint8Array({ maxLength: 80 }),
    });
    const damaged = damage.map(({ edits, cut, tail }) => {
      const copy = bytes.slice();
      for (const [at, value] of edits) copy[at] = value;
      return new Uint8Array(Buffer.concat([copy.subarray(0, cut), tail]));
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), damaged), (input) => {
        openSegment(input, key, primitives);
        recoverSegment(input, { closedAt: 1 }, primitives);
        verifySegments([input, input], primitives, { segments: 1 });
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("chain", () => {
  const { segments, lastSegmentHash } = makeChain(4);
  const expected = { sessionId: "ses_a", segments: 4, lastSegmentHash };
  const [one, two, three, four] = segments as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const kinds = (chain: readonly Uint8Array[], against: object = expected) => {
    const result = verifySegments(chain, primitives, against);
    return result.ok ? [] : result.problems.map(({ kind, sequence }) => `${kind} ${sequence}`);
  };

  it("verifies what was written", () => {
    expect(verifySegments(segments, primitives, expected)).toEqual({
      ok: true,
      sessionId: "ses_a",
      segments: 4,
      lastSegmentHash,
      tail: "complete",
      recovered: [],
      incomplete: [],
      keyErased: [],
    });
    expect(verifySegments(segments.slice(0, 2), primitives)).toMatchObject({ ok: true, segments: 2, tail: "unknown" });
  });

  it("names what was removed, in the middle, at the start, at the end, or all", () => {
    expect(kinds([one, three, four])).toEqual(["removed 2"]);
    expect(kinds([two, three, four])).toEqual(["removed 1"]);
    expect(kinds([one, two, three])).toEqual(["removed 4"]);
    expect(kinds([], expected)).toEqual(["removed 1", "removed 2", "removed 3", "removed 4"]);
    expect(kinds([two, three], {})).toEqual(["removed 1"]);
  });

  it("names what was swapped, doubled, cut, or added", () => {
    expect(kinds([one, three, two, four])).toEqual(["reordered 2"]);
    expect(kinds([one, two, two, three, four])).toEqual(["duplicated 2"]);
    expect(kinds([one, two.subarray(0, two.length - 60), three, four])).toContain("truncated 2");
    expect(kinds(segments, { ...expected, segments: 3 })).toContain("foreign 4");
  });

  it("names a segment of another session, and one written again for this one", () => {
    const other = makeChain(4, "ses_b").segments[1] as Uint8Array;
    expect(kinds([one, other, three, four])).toEqual(["foreign 2", "removed 2"]);
    const again = makeChain(4);
    expect(kinds([one, again.segments[1] as Uint8Array, three, four])).toEqual(["changed 1", "changed 2"]);
    // Recut by someone who knows the format: consistent in itself, but the next header and the session's end do not agree.
    const recut = recoverSegment(two.subarray(0, two.length - 53), { closedAt: 2_000 }, primitives);
    const recutLast = recoverSegment(four.subarray(0, four.length - 53), { closedAt: 2_000 }, primitives);
    if (recut.state === "unreadable" || recutLast.state === "unreadable") throw new Error("not readable");
    expect(kinds([one, recut.bytes, three, four])).toEqual(["changed 2"]);
    expect(kinds([one, two, three, recutLast.bytes])).toEqual(["changed 4"]);
  });

  it("does not walk as far as a lying sequence says", () => {
    const far = makeSegment([], { sequence: 0xffff_ffff }).bytes;
    expect(kinds([far], { sessionId: "ses_a" })).toEqual(["removed 1"]);
  });

  it("still verifies when the key is erased, and what it held is gone", () => {
    const erased = segments.map((bytes) => eraseSegmentKey(bytes, primitives) ?? bytes);
    expect(verifySegments(erased, primitives, expected)).toMatchObject({ ok: true, keyErased: [1, 2, 3, 4] });
    const opened = openSegment(erased[0] as Uint8Array, key, primitives);
    expect(opened.header?.wrappedKey).toBe("");
    expect(Buffer.concat(erased).includes("d3JhcHBlZA==")).toBe(false);
  });

  it("sees a replaced wrapped key", () => {
    const changed = one.slice();
    const at = Buffer.from(one).indexOf("d3JhcHBlZA==");
    changed[at] = 0x41;
    expect(kinds([changed, two, three, four])).toContain("changed 1");
  });
});
