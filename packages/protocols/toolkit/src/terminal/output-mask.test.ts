import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DETECTOR_NAMES } from "../content/detector.ts";
import { detectorSet } from "../content/detector-set.ts";
import { OutputMask } from "./output-mask.ts";

const set = detectorSet(["email", "us_ssn", "payment_card", "private_key"]);

function through(chunks: readonly string[], keepWidth = false): string {
  const mask = new OutputMask({ set, keepWidth });
  return Buffer.concat([...chunks.map((chunk) => mask.push(Buffer.from(chunk))), mask.flush()]).toString();
}

const SECRETS = ["ana.lopez@example.com", "536-22-1234", "4111 1111 1111 1111"];
const KEY = `-----BEGIN PRIVATE KEY-----\n${"MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n".repeat(12)}-----END PRIVATE KEY-----\n`;

describe("masks of a byte stream", () => {
  it("find what lies across chunks, however they are cut", () => {
    const text = `id | name\n1 | ${SECRETS[0]} ok\n2 | ${SECRETS[1]}\n3 | ${SECRETS[2]} end`;
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: text.length - 1 }), { maxLength: 6 }), (cuts) => {
        const at = [0, ...[...new Set(cuts)].sort((a, b) => a - b), text.length];
        const chunks = at.slice(1).map((to, index) => text.slice(at[index], to));
        const shown = through(chunks);
        for (const secret of SECRETS) expect(shown).not.toContain(secret);
        expect(shown).toBe(through([text]));
      }),
    );
  });

  it("look through colours and keep them", () => {
    const coloured = "\u001b[31mana.lo\u001b[0mpez@exam\u001b[1mple.com\u001b[0m!\n";
    const shown = through([coloured], true);
    expect(shown).toBe("\u001b[31m******\u001b[0m********\u001b[1m*******\u001b[0m!\n");
  });

  it("keep an escape sequence whole that is cut in two", () => {
    expect(through(["a\u001b[3", "1mb\n"])).toBe("a\u001b[31mb\n");
    expect(through(["a\u001b]0;title", " x\u0007b"])).toBe("a\u001b]0;title x\u0007b");
  });

  it("leave everything else as it is, byte for byte", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 }), (chunks) => {
        const mask = new OutputMask({ set: detectorSet(["us_ssn"]), keepWidth: true });
        const shown = Buffer.concat([...chunks.map((chunk) => mask.push(Buffer.from(chunk))), mask.flush()]);
        if (mask.found === 0) expect(shown).toEqual(Buffer.concat(chunks));
      }),
    );
  });

  it("hold back no more than a line, and let go when told to", () => {
    const mask = new OutputMask({ set, keepWidth: true });
    expect(mask.push(Buffer.from("prompt$ ")).toString()).toBe("");
    expect(mask.flush().toString()).toBe("prompt$ ");
    const long = Buffer.alloc(100_000, "x");
    expect(mask.push(long).length).toBeGreaterThan(90_000);
    expect(mask.holds).toBeLessThanOrEqual(4_096);
  });

  it("mask the rest of what has gone out in part", () => {
    const mask = new OutputMask({ set, keepWidth: true });
    mask.push(Buffer.from("ssn 536-22-"));
    expect(mask.flush().toString()).toBe("ssn 536-22-");
    mask.push(Buffer.from("1234 x"));
    expect(mask.flush().toString()).toBe("**** x");
  });

  it("mask a private key that comes in lines", () => {
    for (const size of [1, 7, 33, 64, 1_000]) {
      const mask = new OutputMask({ set, keepWidth: false });
      const parts: Buffer[] = [];
      const text = `before\n${KEY}after ${SECRETS[0]}\n`;
      for (let at = 0; at < text.length; at += size) parts.push(mask.push(Buffer.from(text.slice(at, at + size))));
      const shown = Buffer.concat([...parts, mask.flush()]).toString();
      expect(shown).not.toContain("MIIEvQ");
      expect(shown.startsWith("before\n")).toBe(true);
      expect(shown).toContain("after ");
      expect(shown).not.toContain(SECRETS[0]);
    }
  });

  it.each(["x", "4111-", "a@b.", "\u001b[1m4"])("cost no more for coming byte by byte: %j", (part) => {
    const text = Buffer.from(part.repeat(50_000 / part.length));
    const mask = new OutputMask({ set: detectorSet(DETECTOR_NAMES), keepWidth: false });
    const began = performance.now();
    for (let at = 0; at < text.length; at++) mask.push(text.subarray(at, at + 1));
    expect(performance.now() - began).toBeLessThan(3_000);
    expect(mask.holds).toBeLessThan(5_000);
  });
});
