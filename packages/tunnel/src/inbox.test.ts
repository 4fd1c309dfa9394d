import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Inbox, unpinned } from "./inbox.ts";

describe("Inbox", () => {
  it("gives back the same bytes in order, whatever comes in and out when", () => {
    const step = fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 40_000 }), fc.constant("take" as const));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const inbox = new Inbox();
        const added: Uint8Array[] = [];
        const taken: Buffer[] = [];
        for (const each of steps) {
          if (each === "take") taken.push(inbox.take() ?? Buffer.alloc(0));
          else {
            added.push(each);
            inbox.add(Buffer.from(each));
          }
        }
        for (let block = inbox.take(); block !== undefined; block = inbox.take()) taken.push(block);
        expect(Buffer.concat(taken).equals(Buffer.concat(added))).toBe(true);
        expect(inbox.bytes).toBe(0);
      }),
    );
  });

  it("packs single bytes into few blocks and pins no message", () => {
    const inbox = new Inbox();
    const message = Buffer.alloc(64 * 1024);
    for (let index = 0; index < 100_000; index++) inbox.add(message.subarray(index % 1000, (index % 1000) + 1));
    let blocks = 0;
    let memory = 0;
    for (let block = inbox.take(); block !== undefined; block = inbox.take()) {
      blocks++;
      memory += block.buffer.byteLength;
    }
    expect(blocks).toBeLessThan(10);
    expect(memory).toBeLessThan(150_000);
  });
});

describe("unpinned", () => {
  it("copies a small view of a large buffer, and hands on a large one", () => {
    const message = Buffer.alloc(64 * 1024);
    expect(unpinned(message.subarray(0, 100)).buffer).not.toBe(message.buffer);
    expect(unpinned(message.subarray(0, 32 * 1024)).buffer).toBe(message.buffer);
  });
});
