import { createHmac } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import { type LiteralSpan, tokeniseLiterals, tokenOf } from "./tokenise.ts";

const hmac = (text: string) => createHmac("sha256", "key").update(text).digest("hex");

it("replaces strings and numbers by tokens of one length, secrets by stars", () => {
  const sql = "SELECT * FROM c WHERE email = 'ana@example.com' AND id = 42 LIMIT 7; ALTER ROLE a PASSWORD 'hunter2'";
  const span = (text: string, secret = false) => {
    return { start: sql.indexOf(text), end: sql.indexOf(text) + text.length, secret };
  };
  const out = tokeniseLiterals(sql, [span("'hunter2'", true), span("42"), span("'ana@example.com'")], hmac);
  expect(out.replaceAll(/'tw:[0-9a-f]{24}'/g, "<token>")).toBe(
    "SELECT * FROM c WHERE email = <token> AND id = <token> LIMIT 7; ALTER ROLE a PASSWORD '***'",
  );
});

it("gives a parameter and a literal of the same value one token", () => {
  expect(tokenOf("'O''Hara'", hmac)).toBe(tokenOf("O'Hara", hmac));
  expect(tokenOf("'a'", hmac)).not.toBe(tokenOf("'b'", hmac));
});

it("never keeps any part of a literal, however the spans lie", () => {
  const literal = fc.string({ unit: fc.constantFrom("§", "¶", "†", "ß"), minLength: 1, maxLength: 12 });
  const piece = fc.record({ before: fc.constantFrom("select ", ", ", "(", ""), literal, secret: fc.boolean() });
  const extra = fc.array(fc.tuple(fc.nat(60), fc.nat(20), fc.boolean()), { maxLength: 3 });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), extra, (pieces, extras) => {
      let sql = "";
      const spans: LiteralSpan[] = [];
      for (const { before, literal: text, secret } of pieces) {
        const start = sql.length + before.length;
        sql += before + text;
        spans.push({ start, end: start + text.length, secret });
      }
      for (const [start, length, secret] of extras) {
        const end = Math.min(sql.length, start + length);
        spans.push({ start: Math.min(start, end), end, secret });
      }
      const out = tokeniseLiterals(sql, spans.reverse(), hmac);
      expect(out).not.toMatch(/[§¶†ß]/);
    }),
  );
});

it("covers overlapping spans as one, a secret if one of them is", () => {
  const overlapping = [
    { start: 2, end: 6 },
    { start: 4, end: 9, secret: true },
  ];
  expect(tokeniseLiterals("a 'bcdef' g", overlapping, hmac)).toBe("a '***' g");
});

it("refuses a span outside the text rather than leave a literal in", () => {
  expect(() => tokeniseLiterals("abc", [{ start: 1, end: 4 }], hmac)).toThrow(RangeError);
  expect(() => tokeniseLiterals("abc", [{ start: Number.NaN, end: 2 }], hmac)).toThrow(RangeError);
  expect(() => tokeniseLiterals("abc", [{ start: 0, end: 1 }], () => "short")).toThrow(RangeError);
});
