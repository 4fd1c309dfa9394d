import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import { decrypt, encrypt } from "./cipher.ts";
import { newDataKey, rewrapDataKey, unwrapDataKey } from "./data-key.ts";

const context = fc.array(fc.string(), { minLength: 1, maxLength: 4 });

it("opens what it sealed", () => {
  fc.assert(
    fc.property(fc.uint8Array(), context, (plain, where) => {
      const key = randomBytes(32);
      expect(new Uint8Array(decrypt(key, where, encrypt(key, where, plain)))).toEqual(plain);
    }),
  );
});

it("opens nothing with another key, at another place, or when one bit was changed", () => {
  fc.assert(
    fc.property(fc.uint8Array(), context, context, fc.nat(), (plain, where, elsewhere, bit) => {
      const key = randomBytes(32);
      const sealed = encrypt(key, where, plain);
      expect(() => decrypt(randomBytes(32), where, sealed)).toThrow();
      if (JSON.stringify(where) !== JSON.stringify(elsewhere)) expect(() => decrypt(key, elsewhere, sealed)).toThrow();
      const bytes = Buffer.from(sealed, "base64url");
      const at = bit % (bytes.length * 8);
      bytes.writeUInt8(bytes.readUInt8(at >> 3) ^ (1 << (at & 7)), at >> 3);
      expect(() => decrypt(key, where, bytes.toString("base64url"))).toThrow();
    }),
  );
});

it("wraps a data key for one row only, and again for another master key", () => {
  const [old, next] = [
    { id: "mk_a", key: randomBytes(32) },
    { id: "mk_b", key: randomBytes(32) },
  ] as const;
  const { row, key } = newDataKey(old, "credential", "crd_1", "2026-03-01T00:00:00.000Z");
  expect(unwrapDataKey(row, old.key)).toEqual(key);
  expect(() => unwrapDataKey({ ...row, refId: "crd_2" }, old.key)).toThrow();
  const moved = rewrapDataKey(row, old.key, next);
  expect(unwrapDataKey(moved, next.key)).toEqual(key);
  expect(() => unwrapDataKey({ ...moved, masterKeyId: "mk_a" }, next.key)).toThrow();
});
