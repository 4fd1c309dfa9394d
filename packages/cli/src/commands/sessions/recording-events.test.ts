import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { recordingEvents } from "./recording-events.ts";

const events = [
  { at: 1, type: "notice", code: "é", text: "one\ntwo" },
  { at: 2, type: "gap", reason: "r", lost: 3 },
] as const;
const bytes = new TextEncoder().encode(events.map((event) => `${JSON.stringify(event)}\n`).join(""));

async function* chunks(...parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

async function collect(body: AsyncIterable<Uint8Array>) {
  const all: unknown[] = [];
  for await (const event of recordingEvents(body)) all.push(event);
  return all;
}

describe("events of a recording", () => {
  it("are the same however the bytes arrive", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length), async (at) => {
        expect(await collect(chunks(bytes.subarray(0, at), bytes.subarray(at)))).toEqual(events);
      }),
    );
    expect(await collect(chunks(...[...bytes].map((byte) => Uint8Array.of(byte))))).toEqual(events);
  });

  it.each([
    ["is cut within an event", bytes.subarray(0, bytes.length - 3)],
    ["has lost its last line break", bytes.subarray(0, bytes.length - 1)],
    ["is not JSON", new TextEncoder().encode("<html>\n")],
    ["has no events", new TextEncoder().encode('{"a":1}\n')],
  ])("are not taken for the whole when it %s", async (_name, body) => {
    await expect(collect(chunks(body))).rejects.toMatchObject({ exit: "failure" });
  });

  it("nor when the connection breaks", async () => {
    async function* broken() {
      yield bytes;
      throw new TypeError("terminated");
    }
    await expect(collect(broken())).rejects.toMatchObject({ exit: "failure" });
  });
});
