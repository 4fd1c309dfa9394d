import protobuf from "protobufjs/minimal.js";
import { describe, expect, it } from "vitest";
import { b64, operationOf, rulesOf, secret } from "../response/answers.test-data.ts";
import { CONSTANT_TEXT } from "../response/mask-text.ts";
import { type BodyInput, readBody } from "./read-body.ts";

const CANARY = "hunter2-canary";
const MASK = b64(CONSTANT_TEXT);
const create = operationOf({ verb: "create" });
const patch = operationOf({ verb: "patch", name: "db" });
const JSON_PATCH = "application/json-patch+json";
const YAML = "application/yaml";
const PROTOBUF = "application/vnd.kubernetes.protobuf";

function read(body: unknown, change: Partial<BodyInput> = {}) {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  return readBody({ contentType: "application/json", bytes, operation: create, rules: rulesOf(), ...change });
}

/** A protobuf message of these fields: bytes, text or a message of its own. */
function message(...fields: readonly (readonly [number, string | Buffer | number])[]): Buffer {
  const writer = protobuf.Writer.create();
  for (const [number, value] of fields)
    if (typeof value === "number") writer.uint32((number << 3) | 0).uint32(value);
    else writer.uint32((number << 3) | 2).bytes(Buffer.from(value as string));
  return Buffer.from(writer.finish());
}

const envelope = (kind: string, raw: Buffer, ...more: readonly (readonly [number, string | Buffer])[]): Buffer =>
  Buffer.concat([Buffer.from("k8s\0"), message([1, message([1, "v1"], [2, kind])], [2, raw], ...more)]);

const entry = (key: string, value: string | Buffer): Buffer => message([1, key], [2, value]);

describe("what is written as a whole", () => {
  const labels = { app: "web", tier: "db" };

  it.each([
    ["JSON", "application/json", JSON.stringify({ kind: "Secret", metadata: { name: "db", labels } })],
    ["JSON without a type", undefined, JSON.stringify({ metadata: { labels, name: "db" } })],
    ["YAML", YAML, "# it\n---\nkind: Secret\nmetadata:\n  name: db\n  labels: {app: web, 'tier': \"db\"}\n"],
    ["YAML that is JSON", "application/yaml; charset=utf-8", JSON.stringify({ metadata: { labels, name: "db" } })],
    [
      "protobuf",
      PROTOBUF,
      envelope("Secret", message([1, message([1, "db"], [11, entry("app", "web")], [11, entry("tier", "db")])])),
    ],
  ])("has a name and labels: %s", (_, contentType, body) => {
    const facts = read(body, { contentType });
    expect(facts.unread).toBeUndefined();
    expect(facts).toMatchObject({ name: "db", labels });
  });

  it("has labels of its own only: not what a scale says", () => {
    const body = { metadata: { labels } };
    expect(read(body).labels).toEqual(labels);
    expect(read({}).labels).toEqual({});
    expect(read(body, { operation: operationOf({ verb: "update", subresource: "scale" }) }).labels).toBeUndefined();
    expect(read({ metadata: { labels: { app: 1 } } }).labels).toBeUndefined();
  });

  it("has the labels that a patch sets, not those that it takes away", () => {
    const of = (body: unknown, contentType: string) => read(body, { operation: patch, contentType });
    for (const type of ["merge-patch+json", "strategic-merge-patch+json", "apply-patch+yaml"]) {
      expect(of({ metadata: { labels: { ...labels, old: null } } }, `application/${type}`).labels).toEqual(labels);
      expect(of({ spec: {} }, `application/${type}`).labels ?? {}).toEqual({});
    }
    const steps = (...all: object[]) => of(all, JSON_PATCH);
    const add = { op: "add", path: "/metadata/labels/example.com~1tier", value: "db" };
    expect(steps(add, { op: "remove", path: "/metadata/labels/x" }).labels).toEqual({ "example.com/tier": "db" });
    expect(steps({ op: "replace", path: "/spec/replicas", value: 2 })).not.toHaveProperty("relabels");
    for (const step of [
      { op: "replace", path: "/metadata", value: {} },
      { op: "copy", from: "/spec/x", path: "/metadata/labels/tier" },
      { op: "replace", path: "", value: {} },
    ])
      expect(steps(add, step)).toMatchObject({ relabels: true });
  });

  it("holds no mask in a subresource either: it would be stored as well", () => {
    const operation = operationOf({ resource: "deployments", group: "apps", verb: "patch", subresource: "status" });
    const body = { metadata: { annotations: { a: "<masked by tidewaiter>" } } };
    const { maskedValue } = read(body, { operation, contentType: "application/merge-patch+json" });
    expect(maskedValue).toBe("metadata.annotations.a");
  });

  it("may be nothing", () => {
    expect(read("")).toEqual({ shown: "" });
  });
});

describe("what the API server might read differently", () => {
  it.each([
    ["cbor", "application/cbor", Buffer.from([0xd9, 0xd9, 0xf7, 0xa0])],
    ["an unknown type", "text/plain", "{}"],
    ["a type of everybody's prototype", "constructor", "{}"],
    ["no JSON", "application/json", "{"],
    ["YAML as JSON", "application/json", "kind: Secret"],
    ["two values", "application/json", "{}{}"],
    ["a key twice", "application/json", '{"kind":"Pod","kind":"Secret"}'],
    ["a key twice, escaped", "application/json", String.raw`{"metadata":{"labels":{"a":"1","\u0061":"2"}}}`],
    ["another spelling", "application/json", '{"Metadata":{}}'],
    ["another spelling inside", "application/json", '{"metadata":{"LABELS":{}}}'],
    ["a byte order mark", "application/json", "\ufeff{}"],
    ["UTF-16", "application/json", Buffer.from('{"a":1}', "utf16le")],
    ["bytes that are no UTF-8", "application/json", Buffer.from([0x22, 0xff, 0x22])],
    ["half of a character", "application/json", String.raw`{"a":"\ud800"}`],
    ["NUL", "application/json", "{}\0"],
    ["a number of nobody", "application/json", '{"a":01}'],
    ["a word of nobody", "application/json", '{"a":nul}'],
    ["deep nesting", "application/json", `${"[".repeat(5_000)}${"]".repeat(5_000)}`],
    ["deep nesting in YAML", YAML, `a: ${"[".repeat(5_000)}${"]".repeat(5_000)}`],
    ["two documents", YAML, "kind: Secret\n---\nkind: Pod\n"],
    ["an end and more", YAML, "kind: Secret\n...\nkind: Pod\n"],
    ["anchors", YAML, "a: &x 1\nb: *x\n"],
    ["an anchor alone", YAML, "metadata: &x {name: a}\n"],
    ["merged keys", YAML, "a: {b: 1}\n<<: {c: 2}\n"],
    ["tags", YAML, "a: !!binary aGk=\n"],
    ["directives", YAML, "%YAML 1.1\n---\na: 1\n"],
    ["a key twice in YAML", YAML, "a: 1\n'a': 2\n"],
    ["a key that is no text", YAML, "? {a: 1}\n: 2\n"],
    ["an octal number", YAML, "a: 0123\n"],
    ["YAML too long", YAML, `a: b\n${"# \n".repeat(200_000)}`],
    ["protobuf without its envelope", PROTOBUF, message([1, "x"])],
    ["protobuf that is cut", PROTOBUF, envelope("Secret", message([1, "x"])).subarray(0, 12)],
    ["protobuf in another encoding", PROTOBUF, envelope("Secret", Buffer.alloc(0), [3, "gzip"])],
    ["protobuf of another type", PROTOBUF, envelope("Secret", Buffer.alloc(0), [4, "application/json"])],
    ["protobuf with two objects", PROTOBUF, envelope("Secret", Buffer.alloc(0), [2, message([1, "x"])])],
    [
      "protobuf with two kinds of metadata",
      PROTOBUF,
      envelope("Pod", message([1, message([1, "a"])], [1, message([1, "b"])])),
    ],
    ["a JSON patch that is none", JSON_PATCH, "{}"],
    ["a step of nobody", JSON_PATCH, '[{"op":"merge","path":"/a"}]'],
    ["a step that says more", JSON_PATCH, '[{"op":"add","path":"/a","value":1,"Path":"/b"}]'],
    ["a pointer that is none", JSON_PATCH, '[{"op":"add","path":"a","value":1}]'],
  ])("is not read: %s", (_, contentType, body) => {
    const started = performance.now();
    const facts = read(body, { contentType });
    expect(facts.unread).toMatch(/is not read|not clear/);
    expect(facts.labels).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe("values of Secrets", () => {
  const applied = JSON.stringify({ kind: "Secret", stringData: { password: CANARY } });
  const annotations = { "kubectl.kubernetes.io/last-applied-configuration": applied, note: `it is ${CANARY}` };
  const whole = { ...secret({ password: CANARY }, { annotations }), stringData: { other: CANARY } };
  const yaml = `kind: Secret\nmetadata:\n  name: db\ndata:\n  password: ${b64(CANARY)}\nstringData:\n  a: |\n    ${CANARY}\n`;
  const raw = message(
    [1, message([1, "db"], [12, entry("note", CANARY)])],
    [2, entry("password", CANARY)],
    [4, entry("a", CANARY)],
  );
  const pod = { kind: "Pod", spec: { template: whole } };

  it.each([
    ["JSON", "application/json", create, JSON.stringify(whole)],
    [
      "a merge patch",
      "application/merge-patch+json",
      patch,
      JSON.stringify({ data: { password: b64(CANARY) }, stringData: { x: CANARY } }),
    ],
    [
      "a strategic merge patch",
      "application/strategic-merge-patch+json",
      patch,
      JSON.stringify({ stringData: { x: CANARY, $patch: CANARY } }),
    ],
    ["an apply patch", "application/apply-patch+yaml", patch, yaml],
    ["YAML", YAML, create, yaml],
    ["protobuf", PROTOBUF, create, envelope("Secret", raw)],
    [
      "a JSON patch of one value",
      JSON_PATCH,
      patch,
      JSON.stringify([{ op: "replace", path: "/data/password", value: b64(CANARY) }]),
    ],
    [
      "a JSON patch of all",
      JSON_PATCH,
      patch,
      JSON.stringify([
        { op: "add", path: "/stringData", value: { x: CANARY } },
        { op: "add", path: "", value: whole },
      ]),
    ],
    [
      "a JSON patch of annotations",
      JSON_PATCH,
      patch,
      JSON.stringify([
        { op: "add", path: "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration", value: applied },
      ]),
    ],
    [
      "an object that holds one",
      "application/json",
      operationOf({ verb: "create", group: "example.com", resource: "bundles" }),
      JSON.stringify(pod),
    ],
  ])("are never shown: %s", (_, contentType, operation, body) => {
    for (const masks of [{}, { "kube.secret": "show" as const }]) {
      const { shown, unread } = read(body, { contentType, operation, rules: rulesOf({ masks }) });
      expect(unread).toBeUndefined();
      expect(shown).toContain("masked");
      for (const form of [
        CANARY,
        b64(CANARY).slice(0, -4),
        b64(` ${CANARY}`).slice(4, -4),
        Buffer.from(CANARY).toString("hex"),
      ])
        expect(shown).not.toContain(form);
    }
  });

  it("leave the rest readable", () => {
    const { shown } = read({
      ...secret({ password: CANARY }),
      immutable: true,
      metadata: { name: "db", generation: 9007199254740993n.toString() },
    });
    expect(shown).toBe(
      `{\n  "kind": "Secret",\n  "apiVersion": "v1",\n  "metadata": {\n    "name": "db",\n    "generation": "9007199254740993"\n  },\n  "data": {\n    "password": "${CONSTANT_TEXT}"\n  },\n  "type": "Opaque",\n  "immutable": true\n}`,
    );
  });

  it("and labelled ones of others are not shown either, to whomever they may be", () => {
    const rules = rulesOf({
      labels: [{ name: "p", columns: [], names: "PASS", detect: ["email"] }],
      masks: { p: "show" },
    });
    const env = [
      { name: "PASS", value: CANARY },
      { name: "MODE", value: "fast" },
    ];
    const body = { spec: { containers: [{ env, args: ["ann@example.com"] }] } };
    const hidden = rulesOf({ labels: [{ name: "p", columns: [], names: "PASS", detect: ["email"] }] });
    const { shown } = read(body, {
      operation: operationOf({ verb: "create", resource: "pods" }),
      rules: { ...rules, detectors: hidden.detectors },
    });
    expect(shown).not.toContain(CANARY);
    expect(shown).toContain('"fast"');
    expect(shown).toContain("<email masked by tidewaiter>");
  });

  it.each([
    [{ op: "add", path: "/spec/containers/0/env/-", value: { name: "PASS", value: CANARY } }],
    [{ op: "replace", path: "/spec/containers/0/env/0/value", value: CANARY }],
    [{ op: "add", path: "/spec/containers/0/env", value: [{ value: CANARY, name: "MY_PASS" }] }],
    [{ op: "add", path: "/metadata/annotations/PASS", value: CANARY }],
  ])("are not shown where a JSON patch names them: %j", (step) => {
    const rules = rulesOf({ labels: [{ name: "p", columns: [], names: "PASS" }] });
    const operation = operationOf({ verb: "patch", resource: "pods" });
    const { shown } = read([step], { contentType: JSON_PATCH, operation, rules });
    expect(shown).toContain(step.path);
    expect(shown).not.toContain(CANARY);
  });

  it("of a token that is checked are not shown", () => {
    const operation = operationOf({ verb: "create", group: "authentication.k8s.io", resource: "tokenreviews" });
    expect(read({ kind: "TokenReview", spec: { token: CANARY, audiences: ["a"] } }, { operation }).shown).not.toContain(
      CANARY,
    );
  });

  it("are told of where a JSON patch copies or tests them", () => {
    const labels = [{ name: "p", columns: ["*.configmaps.password"], names: "PASS" }];
    const of = (step: object, resource = "secrets", rules = rulesOf()) =>
      read([step], { contentType: JSON_PATCH, operation: operationOf({ verb: "patch", resource }), rules }).launders;
    const secrets = ["kube.secret"];
    expect(of({ op: "copy", from: "/data/password", path: "/metadata/annotations/x" })).toEqual({
      what: "its JSON patch copies /data/password",
      labels: secrets,
    });
    expect(of({ op: "move", from: "/data", path: "/metadata/labels" })?.labels).toEqual(secrets);
    expect(of({ op: "copy", from: "", path: "/metadata/annotations/x" })?.labels).toEqual(secrets);
    expect(of({ op: "copy", from: "/metadata/annotations/a", path: "/metadata/labels/a" })?.labels).toEqual(secrets);
    expect(of({ op: "test", path: "/data/password", value: b64("guess") })?.labels).toEqual(secrets);
    expect(of({ op: "test", path: "/metadata/resourceVersion", value: "7" })).toBeUndefined();
    expect(of({ op: "copy", from: "/metadata/labels/a", path: "/metadata/labels/b" })).toBeUndefined();
    expect(of({ op: "test", path: "/spec/replicas", value: 1 }, "pods", rulesOf({ labels }))).toBeUndefined();
    expect(
      of({ op: "copy", from: "/spec/containers/0", path: "/spec/containers/1" }, "pods", rulesOf({ labels })),
    ).toBeUndefined();
    const env = { op: "copy", from: "/spec/containers/0/env/3/value", path: "/metadata/annotations/x" };
    expect(of(env, "pods", rulesOf({ labels }))).toEqual({ what: `its JSON patch copies ${env.from}` });
    expect(of(env, "pods")).toBeUndefined();
    const named = { op: "copy", from: "/data/password", path: "/data/x" };
    expect(of(named, "configmaps", rulesOf({ labels, masks: { p: "show" } }))?.labels).toEqual(["p"]);
    expect(of({ ...named, from: "/data/colour" }, "configmaps", rulesOf({ labels }))).toBeUndefined();
    const allAsLabels = { op: "copy", from: "/data", path: "/metadata/labels" };
    expect(of(allAsLabels, "configmaps", rulesOf({ labels }))).toEqual({ what: "its JSON patch copies /data" });
    expect(of(allAsLabels, "configmaps")).toBeUndefined();
  });

  it("are told of where a JSON patch takes them out of a Secret inside of another object", () => {
    const operation = operationOf({ verb: "patch", group: "work.example.com", resource: "manifests" });
    const of = (step: object) => read([step], { contentType: JSON_PATCH, operation }).launders?.labels;
    expect(of({ op: "copy", from: "/spec/manifest/data/password", path: "/metadata/annotations/x" })).toEqual([
      "kube.secret",
    ]);
    expect(of({ op: "move", from: "/spec/manifest/stringData", path: "/spec/other" })).toEqual(["kube.secret"]);
    expect(of({ op: "test", path: "/spec/replicas", value: 1 })).toBeUndefined();
  });
});

describe("a mask that is written back", () => {
  it.each([
    ["in base64", "application/json", { data: { password: MASK } }, "data.password"],
    ["as text", "application/json", { stringData: { "a.b": `x${CONSTANT_TEXT}y` } }, 'stringData["a.b"]'],
    [
      "of a token",
      "application/json",
      { spec: { env: [{ value: "<tw_0123456789012345678901 masked by tidewaiter>" }] } },
      "spec.env[0].value",
    ],
    ["in base64 behind one byte", "application/json", { data: { a: b64(`u${CONSTANT_TEXT}`) } }, "data.a"],
    ["in base64 behind two", "application/json", { data: { a: b64(`u:${CONSTANT_TEXT}:x`) } }, "data.a"],
    [
      "in an annotation",
      "application/json",
      { metadata: { annotations: { a: JSON.stringify({ data: { p: MASK } }) } } },
      "metadata.annotations.a",
    ],
    ["escaped", "application/json", String.raw`{"data":{"p":"<m\u0061sked by tidewaiter>"}}`, "data.p"],
    ["as a key", "application/json", { data: { [CONSTANT_TEXT]: "x" } }, "data, a key"],
    ["in YAML", YAML, `data:\n  password: ${MASK}\n`, "data.password"],
    ["in folded YAML", YAML, `stringData:\n  p: "<masked\n    by tidewaiter>"\n`, "stringData.p"],
    ["in a JSON patch", JSON_PATCH, [{ op: "replace", path: "/data/password", value: MASK }], "data.password"],
    [
      "in protobuf",
      PROTOBUF,
      envelope("Secret", message([1, message([1, "db"])], [2, entry("p", CONSTANT_TEXT)])),
      "data.p",
    ],
    [
      "in protobuf of another kind",
      PROTOBUF,
      envelope("Pod", message([1, message([1, "db"])], [2, message([1, CONSTANT_TEXT])])),
      "a value",
    ],
    ["in what is not read", "application/cbor", Buffer.from(`x${MASK}`), "a value"],
  ])("is found %s", (_, contentType, body, path) => {
    expect(read(body, { contentType }).maskedValue).toBe(path);
  });

  it("is nothing else", () => {
    expect(read(secret({ password: CANARY, text: "masked, by somebody" })).maskedValue).toBeUndefined();
  });
});

describe("options of a delete", () => {
  const remove = operationOf({ verb: "delete", name: "db" });

  it("say whether it is a dry run, whatever the query says", () => {
    const options = { kind: "DeleteOptions", apiVersion: "v1" };
    expect(read({ ...options, dryRun: ["All"] }, { operation: remove }).dryRun).toBe(true);
    expect(read(options, { operation: remove }).dryRun).toBe(false);
    expect(read("", { operation: remove }).dryRun).toBeUndefined();
    const inProtobuf = envelope("DeleteOptions", message([1, 30], [4, "Background"], [5, "All"]));
    expect(read(inProtobuf, { operation: remove, contentType: PROTOBUF })).toMatchObject({ dryRun: true });
    expect(read(options).dryRun).toBeUndefined();
  });
});

it("that is too long to be shown is shown in part, and what it is still counts", () => {
  const values = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`k${at}`, `${CANARY}-${at}`]));
  const { shown } = read(
    { stringData: values, extra: "x".repeat(100_000), kind: "Secret" },
    { operation: operationOf({ verb: "create", group: "example.com", resource: "x" }) },
  );
  expect(shown).not.toContain(CANARY);
  const { unread } = read(`[${"[],".repeat(400_000)}[]]`);
  expect(unread).toContain("too many parts");
});

it("cuts long bodies", () => {
  expect(read({ kind: "ConfigMap", data: { a: "x".repeat(1_000_000) } }).shown.length).toBeLessThan(20_000);
});
