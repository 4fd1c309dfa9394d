import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answered, b64, operationOf, rulesOf } from "./answers.test-data.ts";

/** Whatever shape a canary has to keep to be found again: letters that no JSON, URL or base64 changes. */
const CANARY = "canary7f3aQ";
const canary = fc.tuple(fc.string({ maxLength: 5 }), fc.string({ maxLength: 5 })).map(([a, b]) => `${a}${CANARY}${b}`);

/** In every form in which a program could still read it. */
function forms(): readonly string[] {
  const inBase64 = [0, 1, 2].map((skip) => {
    const whole = Buffer.concat([Buffer.alloc(skip), Buffer.from(CANARY)]);
    return whole
      .subarray(0, whole.length - (whole.length % 3))
      .toString("base64")
      .slice(skip === 0 ? 0 : 4);
  });
  return [CANARY, Buffer.from(CANARY).toString("hex"), ...inBase64, ...inBase64.map((each) => b64(each).slice(0, -4))];
}

const key = fc.oneof(
  fc.constantFrom(
    "data",
    "stringData",
    "kind",
    "metadata",
    "annotations",
    "items",
    "rows",
    "object",
    "env",
    "name",
    "value",
    "__proto__",
  ),
  fc.string({ maxLength: 8 }),
);

const anything = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { depthSize: "small" },
    fc.string({ unit: "grapheme" }),
    fc.string({ unit: "binary" }).filter((text) => text.isWellFormed()),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("json"), { maxLength: 4 }),
    fc.dictionary(key, tie("json"), { maxKeys: 5 }),
  ),
})).json;

const spaced = fc.constantFrom<string | number>("", " ", "\n", "\t", 2);

/** The same JSON with letters of keys and strings as escapes. */
function escapedAt(json: string, every: number): string {
  let count = 0;
  return json.replaceAll(/(?<!\\)[a-zA-Z](?=[^"\\]*")/g, (letter) =>
    ++count % every === 0 ? `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}` : letter,
  );
}

const cuts = fc.array(fc.nat(), { maxLength: 6 });

function pieces(text: string, at: readonly number[]): readonly Buffer[] {
  const bytes = Buffer.from(text);
  const places = [0, ...at.map((each) => each % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((to, index) => bytes.subarray(places[index], to));
}

const RULES = [
  rulesOf(),
  rulesOf({ labels: [{ name: "p", columns: [], detect: ["email", "phone", "payment_card"] }] }),
  rulesOf({ labels: [{ name: "p", columns: [], names: "nothing-is-called-so" }] }),
];
const OPERATIONS = [
  operationOf({ resource: "pods", verb: "list" }),
  operationOf({ resource: "configmaps" }),
  operationOf({ group: "example.com", resource: "things", verb: "list" }),
  operationOf({ verb: "list" }),
];

describe("an answer", () => {
  it("in which nothing is masked comes out byte for byte, however it is cut", () => {
    const harmless = fc.record({ metadata: anything, spec: anything, items: fc.array(anything, { maxLength: 3 }) });
    fc.assert(
      fc.property(
        harmless,
        spaced,
        cuts,
        fc.constantFrom(...RULES),
        fc.constantFrom(...OPERATIONS.slice(0, 3)),
        (value, space, at, rules, operation) => {
          const body = JSON.stringify(value, undefined, space);
          fc.pre(!/[\w.]@|Secret|ConfigMap|[\d][\d\s().-]{5}|\+\d/.test(body));
          expect(answered({ operation, rules }, pieces(body, at))).toBe(body);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("comes out the same however it is cut", () => {
    fc.assert(
      fc.property(
        anything,
        spaced,
        cuts,
        fc.constantFrom(...RULES),
        fc.constantFrom(...OPERATIONS),
        (value, space, at, rules, operation) => {
          const body = JSON.stringify({ a: value, items: [value, value] }, undefined, space);
          expect(answered({ operation, rules }, pieces(body, at))).toBe(answered({ operation, rules }, body));
        },
      ),
      { numRuns: 300 },
    );
  });

  it("is JSON again, whatever is masked in it", () => {
    fc.assert(
      fc.property(anything, fc.constantFrom(...RULES), fc.constantFrom(...OPERATIONS), (value, rules, operation) => {
        const shown = answered({ operation, rules }, JSON.stringify({ items: [value], data: value, x: value }));
        expect(() => JSON.parse(shown)).not.toThrow();
      }),
      { numRuns: 300 },
    );
  });

  it("never holds a value of a Secret, in any place and any writing", () => {
    const annotated = canary.chain((value) =>
      fc
        .constantFrom(
          value,
          b64(value),
          b64(`a${value}b`),
          b64(`ab${value}`),
          Buffer.from(value).toString("hex"),
          JSON.stringify({ kind: "Secret", stringData: { x: value } }),
          JSON.stringify({ a: [{ data: { x: b64(value) } }] }),
          JSON.stringify(JSON.stringify({ stringData: { x: value } })),
          `kind: Secret\ndata:\n  x: ${b64(value)}\n`,
        )
        .map((annotation) => ({ value, annotation })),
    );
    fc.assert(
      fc.property(
        annotated,
        anything,
        key,
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
        fc.nat(6),
        cuts,
        ({ value, annotation }, other, name, every, escapes, shape, at) => {
          const secret = {
            ...(shape % 2 === 0 && { kind: "Secret" }),
            metadata: { name: "s", annotations: { other: "x", note: annotation } },
            data: { [name]: b64(value), more: b64(value) },
            stringData: { plain: value, other },
          };
          const shapes = [
            secret,
            { items: [secret, secret] },
            { kind: "Table", rows: [{ cells: ["s"], object: secret }] },
            { data: secret.data, kind: "Secret", metadata: secret.metadata },
            { unknown: { deep: [value] }, data: secret.data },
            { metadata: { annotations: { last: JSON.stringify(secret) } } },
            { type: "ADDED", object: secret },
          ];
          const json = JSON.stringify(shapes[shape]);
          const body = escapes ? escapedAt(json, every) : json;
          fc.pre(isSame(body, json));
          const operation = operationOf({ verb: shape === 6 ? "watch" : "list" });
          const shown = answered({ operation }, pieces(body, at));
          const plain = JSON.stringify(JSON.parse(shown));
          for (const form of forms()) {
            expect(shown).not.toContain(form);
            expect(plain).not.toContain(form);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it("of a custom resource never holds a value of a Secret inside of it", () => {
    const operation = operationOf({ group: "example.com", resource: "bundles" });
    fc.assert(
      fc.property(canary, anything, fc.nat(3), (value, other, shape) => {
        const inner = { data: { a: b64(value), b: other }, stringData: { c: value }, kind: "Secret" };
        const holders = [
          inner,
          [inner],
          JSON.stringify(inner),
          { deep: { metadata: {}, spec: inner, x: JSON.stringify([inner]) } },
        ];
        const shown = answered(
          { operation },
          JSON.stringify({ kind: "Bundle", spec: { first: other, holds: holders[shape] } }),
        );
        for (const form of forms()) expect(shown).not.toContain(form);
      }),
      { numRuns: 300 },
    );
  });
});

describe("bytes that are no JSON", () => {
  it("never pass a value: they are refused, or what passes is masked", () => {
    const body = JSON.stringify({
      kind: "SecretList",
      items: [{ data: { password: b64(CANARY) }, stringData: { p: CANARY } }],
    });
    const change = fc.tuple(
      fc.nat(body.length - 1),
      fc.constantFrom("cut", "drop", "repeat", '"', "{", "}", "[", "]", ",", ":", "\\", "\0", "\xff"),
    );
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        let text = body;
        for (const [at, what] of changes)
          text =
            what === "cut"
              ? text.slice(0, at)
              : what === "drop"
                ? text.slice(0, at) + text.slice(at + 1)
                : what === "repeat"
                  ? text.slice(0, at) + text.slice(Math.max(0, at - 5))
                  : text.slice(0, at) + what + text.slice(at);
        let shown = "";
        try {
          shown = answered({ operation: operationOf({ verb: "list" }) }, Buffer.from(text, "latin1"));
        } catch (error) {
          expect(String(error)).toMatch(/cannot be masked/);
        }
        // what a reader of JSON makes of it
        let readable: unknown;
        try {
          readable = JSON.parse(shown);
        } catch {
          return;
        }
        expect(JSON.stringify(readable)).not.toContain(b64(CANARY));
      }),
      { numRuns: 1_000 },
    );
  });
});

function isSame(body: string, json: string): boolean {
  try {
    return JSON.stringify(JSON.parse(body)) === JSON.stringify(JSON.parse(json));
  } catch {
    return false;
  }
}
