import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { b64, operationOf, rulesOf } from "../response/answers.test-data.ts";
import { CONSTANT_TEXT } from "../response/mask-text.ts";
import { readBody } from "./read-body.ts";

const CANARY = "canary7f3aQ";
const TYPES = [
  "application/json",
  "application/yaml",
  "application/apply-patch+yaml",
  "application/merge-patch+json",
  "application/json-patch+json",
  "application/vnd.kubernetes.protobuf",
] as const;
const operations = fc.constantFrom(
  ...["secrets", "configmaps", "pods"].flatMap((resource) =>
    ["create", "update", "patch", "delete"].map((verb) => operationOf({ verb, resource })),
  ),
);
const text = fc.string({ maxLength: 12 });
const leaf = fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null));

function forms(): readonly string[] {
  const inBase64 = [0, 1, 2].map((skip) => {
    const whole = Buffer.concat([Buffer.alloc(skip), Buffer.from(CANARY)]);
    return whole
      .subarray(0, whole.length - (whole.length % 3))
      .toString("base64")
      .slice(skip === 0 ? 0 : 4);
  });
  return [CANARY, ...inBase64];
}

describe("a body", () => {
  it("of any bytes is read or not, and never throws", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 200 }).map((rest) => Buffer.concat([Buffer.from("k8s\0"), rest])),
      fc.json().map((json) => Buffer.from(json)),
      fc.string({ unit: "binary", maxLength: 100 }).map((json) => Buffer.from(json)),
    );
    fc.assert(
      fc.property(bytes, fc.constantFrom(...TYPES, undefined, "x"), operations, (body, contentType, operation) => {
        const facts = readBody({ contentType, bytes: body, operation, rules: rulesOf() });
        if (facts.unread !== undefined) expect(facts.labels).toBeUndefined();
      }),
      { numRuns: 1_000 },
    );
  });

  it("never shows a value of a Secret, whatever stands around it and however it is written", () => {
    const value = fc.tuple(text, text).map(([a, b]) => a + CANARY + b);
    fc.assert(
      fc.property(value, text, leaf, fc.nat(3), (secret, key, other, writing) => {
        const object = {
          kind: "Secret",
          metadata: {
            name: "s",
            annotations: { note: `see ${secret}`, last: JSON.stringify({ data: { x: b64(secret) } }) },
          },
          data: { [key]: b64(secret), other },
          stringData: { [key]: secret },
        };
        const patch = [
          { op: "add", path: `/data/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`, value: b64(secret) },
          { op: "replace", path: "/stringData", value: { [key]: secret } },
        ];
        const writings = [
          ["application/json", JSON.stringify(object, undefined, 1)],
          ["application/yaml", stringify(object)],
          ["application/json-patch+json", JSON.stringify(patch)],
          ["application/merge-patch+json", JSON.stringify({ data: object.data, stringData: object.stringData })],
        ] as const;
        const [contentType, body] = writings[writing] as (typeof writings)[number];
        const operation = operationOf({ verb: writing > 1 ? "patch" : "create" });
        const { shown } = readBody({ contentType, bytes: Buffer.from(body), operation, rules: rulesOf() });
        for (const form of forms()) expect(shown).not.toContain(form);
      }),
      { numRuns: 1_000 },
    );
  });

  it("that holds a mask anywhere is found out", () => {
    const mask = fc
      .tuple(text, text)
      .chain(([a, b]) =>
        fc.constantFrom(a + CONSTANT_TEXT + b, b64(a + CONSTANT_TEXT + b), `${a}<tw_x masked by tidewaiter>${b}`),
      );
    const place = fc.array(fc.oneof(text, fc.nat(3)), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        mask,
        place,
        fc.constantFrom("json", "yaml", "patch"),
        operations,
        (value, path, writing, operation) => {
          const tree = path.reduceRight<unknown>(
            (inner, step) => (typeof step === "number" ? [inner] : { [step]: inner }),
            value,
          );
          const body =
            writing === "yaml"
              ? stringify({ a: tree })
              : JSON.stringify(writing === "json" ? { a: tree } : [{ op: "add", path: "/a", value: tree }]);
          const contentType = {
            json: "application/json",
            yaml: "application/yaml",
            patch: "application/json-patch+json",
          }[writing];
          expect(
            readBody({ contentType, bytes: Buffer.from(body), operation, rules: rulesOf() }).maskedValue,
          ).toBeDefined();
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it("has the labels that a reader of JSON or YAML finds in it", () => {
    const labels = fc.dictionary(text, text, { maxKeys: 4 });
    fc.assert(
      fc.property(labels, text, fc.boolean(), (given, name, yaml) => {
        const object = { metadata: { name, labels: given }, spec: { a: 1 } };
        const facts = readBody({
          contentType: yaml ? "application/yaml" : "application/json",
          bytes: Buffer.from(yaml ? stringify(object, { version: "1.1" }) : JSON.stringify(object)),
          operation: operationOf({ verb: "create", resource: "pods" }),
          rules: rulesOf(),
        });
        if (facts.unread === undefined) expect(facts.labels).toEqual(given);
        else expect(yaml).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
