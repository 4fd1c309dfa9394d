import { chunked } from "@tidewaiter/testkit";
import { describe, expect, it } from "vitest";
import { answered, b64, operationOf, rulesOf, secret } from "./answers.test-data.ts";
import type { Identity } from "./identity.ts";
import { CONSTANT_TEXT } from "./mask-text.ts";
import { planAnswer } from "./plan-answer.ts";

const CANARY = "hunter2-canary";
const MASK = b64(CONSTANT_TEXT);
const noSecrets = rulesOf();
const list = operationOf({ verb: "list" });
const watch = operationOf({ verb: "watch" });

describe("a Secret", () => {
  it("keeps everything but its values, byte for byte", () => {
    const body = `{ "kind":"Secret",\n"apiVersion":"v1","metadata":{"name":"db","generation":9007199254740993,"x":1.0e5},
      "data":{"password":"${b64(CANARY)}", "user": "${b64("admin")}"},"type":"Opaque","immutable":true}\n`;
    const expected = body.replace(b64(CANARY), MASK).replace(b64("admin"), MASK);
    expect(answered({}, body)).toBe(expected);
  });

  it.each([
    ["an escaped key", String.raw`{"kind":"Secret","\u0064ata":{"a":"${b64(CANARY)}"}}`],
    ["no kind", `{"data":{"a":"${b64(CANARY)}"}}`],
    ["two data", `{"data":{"a":"${b64(CANARY)}"},"data":{"b":"${b64(CANARY)}"}}`],
    ["values of other types", `{"data":{"a":["${b64(CANARY)}"],"b":{"c":"${b64(CANARY)}"}}}`],
    ["data that is a string", `{"data":"${b64(CANARY)}"}`],
    ["a member nobody knows", `{"kind":"Secret","values":{"a":"${b64(CANARY)}"}}`],
    ["text", `{"kind":"Secret","stringData":{"a":"${CANARY}"}}`],
    ["items that are no list", `{"items":{"a":{"data":{"a":"${b64(CANARY)}"}}}}`],
    ["rows that are none", `{"rows":{"object":{"data":{"a":"${b64(CANARY)}"}}}}`],
    ["a list inside of a list", `{"items":[{"items":[{"data":{"a":"${b64(CANARY)}"}}]}]}`],
  ])("is masked with %s", (_, body) => {
    const shown = answered({}, body);
    expect(shown).not.toContain(b64(CANARY));
    expect(shown).not.toContain(CANARY);
    expect(() => JSON.parse(shown)).not.toThrow();
  });

  it("is masked in what kubectl apply keeps of it", () => {
    const applied = JSON.stringify({
      apiVersion: "v1",
      data: { password: b64(CANARY) },
      kind: "Secret",
      metadata: { name: "db" },
    });
    const annotations = { "kubectl.kubernetes.io/last-applied-configuration": `${applied}\n` };
    const shown = JSON.parse(answered({}, JSON.stringify(secret({ password: CANARY }, { annotations }))));
    const kept = JSON.parse(shown.metadata.annotations["kubectl.kubernetes.io/last-applied-configuration"]);
    expect(kept).toEqual({ apiVersion: "v1", data: { password: MASK }, kind: "Secret", metadata: { name: "db" } });
  });

  it.each([
    [
      "JSON in JSON",
      (v: string) =>
        JSON.stringify({ a: JSON.stringify({ b: JSON.stringify({ kind: "Secret", stringData: { x: v } }) }) }),
    ],
    ["an object without kind", (v: string) => JSON.stringify({ last: { data: { x: b64(v) } } })],
    ["text around it", (v: string) => `the password is ${v}.`],
    ["base64 of it", (v: string) => `auth: ${b64(`admin:${v}`)}`],
    ["base64 at another place", (v: string) => b64(`ad:${v}:x`)],
    ["base64url", (v: string) => Buffer.from(`é${v}`).toString("base64url")],
    ["hexadecimal", (v: string) => Buffer.from(v).toString("hex")],
    ["a URL", (v: string) => `https://u:${encodeURIComponent(v)}@h/`],
    ["YAML", (v: string) => `kind: Secret\nstringData:\n  x: ${v}\n`],
    ["gzip", () => `H4sIAAAAAAAAA${"4".repeat(200)}`],
  ])("has no annotation with %s", (_, write) => {
    const value = `${CANARY}+/ß`;
    const annotation = write(value);
    const shown = answered(
      {},
      JSON.stringify(secret({ password: value }, { annotations: { note: annotation, other: "kept" } })),
    );
    expect(JSON.parse(shown).metadata.annotations.other).toBe("kept");
    expect(JSON.parse(shown).metadata.annotations.note).not.toBe(annotation);
    expect(shown).not.toContain(CANARY);
  });

  it("shows which values are equal where the policy says token", () => {
    const rules = rulesOf({
      masks: { "kube.secret": { transform: "token" } },
      token: (label, value) => `tw_${label}_${value.length}`,
    });
    const shown = JSON.parse(answered({ rules }, JSON.stringify(secret({ a: "one", b: "two", c: "three" }))));
    const texts = Object.values<string>(shown.data).map((value) => Buffer.from(value, "base64").toString());
    expect(texts).toEqual([3, 3, 5].map((length) => `<tw_kube.secret_${length} masked by tidewaiter>`));
  });

  it("is shown where the policy says so", () => {
    const rules = rulesOf({ masks: { "kube.secret": "show" } });
    expect(planAnswer({ operation: list, accept: "", rules }).pass).toBe(true);
  });

  it("is masked in every element of a list, a Table and a watch", () => {
    const one = secret({ password: CANARY });
    const items = JSON.stringify({
      kind: "SecretList",
      apiVersion: "v1",
      metadata: { resourceVersion: "1" },
      items: [one, one],
    });
    const rows = [{ cells: ["db", "Opaque", 1, "5d"], object: one }];
    const table = JSON.stringify({ kind: "Table", columnDefinitions: [{ name: "Name" }], rows });
    const events = `${JSON.stringify({ type: "ADDED", object: one })}\n${JSON.stringify({ type: "MODIFIED", object: { kind: "Table", rows } })}\n`;
    const masked = (text: string) => text.replaceAll(b64(CANARY), MASK);
    expect(answered({ operation: list }, items)).toBe(masked(items));
    expect(answered({ operation: list }, table)).toBe(masked(table));
    expect(answered({ operation: watch }, events)).toBe(masked(events));
    const hides = () => true;
    expect(() => answered({ operation: watch, hides }, items)).toThrow("has no object");
  });

  it("is masked in objects of others, whatever they are called", () => {
    const operation = operationOf({ group: "argoproj.io", resource: "applications" });
    const inner = { metadata: { name: "x" }, data: { a: b64(CANARY) }, kind: "Secret" };
    const body = JSON.stringify({
      apiVersion: "argoproj.io/v1",
      kind: "Application",
      spec: { manifests: [inner, JSON.stringify(inner)] },
    });
    expect(answered({ operation }, body)).not.toContain(b64(CANARY));
    const list = {
      items: [{ data: { a: b64(CANARY) }, metadata: {} }],
      kind: "SecretList",
      other: "x".repeat(200),
      note: `see ${CANARY}`,
    };
    const shown = JSON.parse(answered({ operation }, JSON.stringify({ spec: { backup: list } })));
    expect(shown.spec.backup).toEqual({
      ...list,
      items: [{ data: { a: MASK }, metadata: {} }],
      other: CONSTANT_TEXT,
      note: CONSTANT_TEXT,
    });
  });

  it("is not quoted in an error about it", () => {
    const status = {
      kind: "Status",
      status: "Failure",
      message: `Secret "db" is invalid: data[a]: Invalid value: "${CANARY}": too long`,
      code: 422,
    };
    const shown = JSON.parse(answered({}, JSON.stringify(status)));
    expect(shown.message).toBe(`Secret "db" is invalid: data[a]: Invalid value: "${CONSTANT_TEXT}": too long`);
  });

  it("has names of fields, never values, in managedFields", () => {
    const managedFields = [{ manager: "kubectl", fieldsV1: { "f:data": { ".": {}, "f:password": {} } } }];
    const body = JSON.stringify(secret({ password: CANARY }, { managedFields }));
    expect(answered({}, body)).toBe(body.replace(b64(CANARY), MASK));
  });
});

it("masks the token that a service account is given", () => {
  const operation = operationOf({ verb: "create", resource: "serviceaccounts", subresource: "token", name: "ci" });
  const body = `{"kind":"TokenRequest","spec":{"audiences":["a"]},"status":{"token":"eyJhbGciOi.${CANARY}","expirationTimestamp":"2026-01-01T00:00:00Z"}}`;
  expect(answered({ operation }, body)).toBe(body.replace(`eyJhbGciOi.${CANARY}`, CONSTANT_TEXT));
});

describe("labels and detectors", () => {
  const rules = rulesOf({
    labels: [
      { name: "app.password", columns: [], names: "(?i)password" },
      { name: "pii.email", columns: ["prod.configmaps.owner", "*.pods.OWNER"], detect: ["email"] },
    ],
    masks: { "pii.email": { transform: "email_domain" } },
  });

  it("mask the values of a ConfigMap by their names, and what detectors find", () => {
    const operation = operationOf({ resource: "configmaps" });
    const data = {
      "db.password": "s3cret",
      owner: "ana@example.com",
      text: "write to bo@example.org\nor not",
      port: "80",
    };
    const shown = JSON.parse(
      answered({ operation, rules }, JSON.stringify({ metadata: { name: "c", namespace: "prod" }, data })),
    );
    expect(shown.data).toEqual({
      "db.password": CONSTANT_TEXT,
      owner: "<***@example.com masked by tidewaiter>",
      text: "write to <email masked by tidewaiter>\nor not",
      port: "80",
    });
  });

  it("look into JSON that a ConfigMap holds, and into its binary values", () => {
    const operation = operationOf({ resource: "configmaps" });
    const data = { "app.json": '{"port": 80, "dbPassword": "s3cret", "deep": {"Password": 12}}' };
    const binaryData = { blob: b64("mail bo@example.org"), password: b64("s3cret"), plain: b64("x") };
    const shown = JSON.parse(answered({ operation, rules }, JSON.stringify({ data, binaryData })));
    expect(shown.data["app.json"]).toBe(
      `{"port": 80, "dbPassword": "${CONSTANT_TEXT}", "deep": {"Password": "${CONSTANT_TEXT}"}}`,
    );
    expect(Buffer.from(shown.binaryData.blob, "base64").toString()).toBe("mail <email masked by tidewaiter>");
    expect(Buffer.from(shown.binaryData.password, "base64").toString()).toBe(CONSTANT_TEXT);
    expect(shown.binaryData.plain).toBe(b64("x"));
  });

  it("mask variables of containers by their names, in whatever order", () => {
    const operation = operationOf({ group: "apps", resource: "deployments", verb: "list", namespace: "" });
    const env = `[{"name":"DB_PASSWORD","value":"s3cret"},{"value":"s3cret","name":"PASSWORD_2"},{"name":"MODE","value":"fast"},
      {"name":"PASSWORD_REF","valueFrom":{"secretKeyRef":{"name":"db","key":"password"}}}]`;
    const body = `{"kind":"DeploymentList","items":[{"metadata":{"name":"password","namespace":"prod"},"spec":{"template":{"spec":{"containers":[{"name":"password","env":${env},"args":["--owner","ana@example.com"]}]}}}}]}`;
    const shown = answered({ operation, rules }, body);
    expect(shown).toBe(
      body.replaceAll("s3cret", CONSTANT_TEXT).replace("ana@example.com", "<email masked by tidewaiter>"),
    );
  });

  it("mask variables in what kubectl apply keeps, and in maps of custom resources", () => {
    const operation = operationOf({ group: "apps", resource: "deployments" });
    const applied = { kind: "Deployment", spec: { containers: [{ env: [{ name: "PASSWORD", value: "s3cret" }] }] } };
    const annotations = { "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify(applied) };
    expect(answered({ operation, rules }, JSON.stringify({ metadata: { annotations } }))).not.toContain("s3cret");
    const custom = operationOf({ group: "example.com", resource: "apps" });
    const body = JSON.stringify({ spec: { env: { PASSWORD: "s3cret", MODE: "fast" } } });
    expect(answered({ operation: custom, rules }, body)).toBe(body.replace("s3cret", CONSTANT_TEXT));
  });

  it("mask custom resources by the names of their fields, but not what they are called", () => {
    const operation = operationOf({ group: "example.com", resource: "databases" });
    const body = `{"metadata":{"name":"password","labels":{"password":"x"},"annotations":{"example.com/password":"p"}},"spec":{"password":"s3cret","passwords":["a",1,null,{"x":true}],"host":"h"}}`;
    const m = JSON.stringify(CONSTANT_TEXT);
    expect(answered({ operation, rules }, body)).toBe(
      body.replace('"p"', m).replace('"s3cret"', m).replace('["a",1,null,{"x":true}]', `[${m},${m},null,{"x":${m}}]`),
    );
  });

  it("mask cells of a Table: of custom resources by the name of the column, of all by detectors", () => {
    const rows = [{ cells: ["db", "s3cret", "ana@example.com"], object: null }];
    const body = JSON.stringify({
      kind: "Table",
      columnDefinitions: [{ name: "Name" }, { name: "Admin Password" }, { name: "Owner" }],
      rows,
    });
    const email = body.replace("ana@example.com", "<email masked by tidewaiter>");
    expect(answered({ operation: operationOf({ resource: "pods", verb: "list" }), rules }, body)).toBe(email);
    const custom = operationOf({ group: "example.com", resource: "databases", verb: "list" });
    expect(answered({ operation: custom, rules }, body)).toBe(email.replace("s3cret", CONSTANT_TEXT));
  });

  it("leave identity alone: names, labels, addresses", () => {
    const ip = rulesOf({ labels: [{ name: "net.ip", columns: [], detect: ["ip"] }] });
    const body = `{"metadata":{"name":"10.1.2.3","labels":{"a":"10.1.2.3"}},"status":{"podIP":"10.1.2.3","podIPs":[{"ip":"10.1.2.3"}],"message":"from 10.9.8.7"}}`;
    expect(answered({ operation: operationOf({ resource: "pods" }), rules: ip }, body)).toBe(
      body.replace("10.9.8.7", "<ip masked by tidewaiter>"),
    );
  });

  it("report what they masked", () => {
    const plan = planAnswer({ operation: operationOf({ resource: "configmaps" }), accept: "", rules });
    const mask = plan.pass ? undefined : plan.open("application/json", 200);
    mask?.push(Buffer.from('{"data":{"password":"x","text":"bo@example.org"}}'));
    mask?.end();
    expect(mask?.masked).toEqual([
      { column: "configmaps.password", labels: ["app.password"], transform: "constant" },
      { column: "configmaps.text", labels: ["pii.email"], transform: "redact" },
    ]);
  });
});

describe("hidden objects", () => {
  const hides = ({ labels, namespace }: { labels: Readonly<Record<string, string>>; namespace: string }) =>
    labels.tier === "secret" || namespace === "kube-system";
  const pod = (name: string, tier = "web", namespace = "prod") =>
    `{"kind":"Pod","apiVersion":"v1","metadata":{"name":"${name}","namespace":"${namespace}","uid":"u-${name}","resourceVersion":"7","labels":{"tier":"${tier}"}},"spec":{"x":"${name}"}}`;
  const rules = rulesOf({ masks: { "kube.secret": "show" } });
  const pods = operationOf({ resource: "pods", verb: "list" });

  it.each([
    [[], "[]"],
    [[pod("a")], `[${pod("a")}]`],
    [[pod("a", "secret")], "[]"],
    [[pod("a", "secret"), pod("b")], `[${pod("b")}]`],
    [[pod("a"), pod("b", "secret")], `[${pod("a")}]`],
    [[pod("a"), pod("b", "secret"), pod("c", "web", "kube-system"), pod("d")], `[${pod("a")},${pod("d")}]`],
  ])("are left out of lists (%#)", (items, expected) => {
    const body = (list: string, remaining: string) =>
      `{"kind":"PodList","metadata":{"resourceVersion":"9","continue":"","remainingItemCount":${remaining}},"items":${list}}`;
    expect(answered({ operation: pods, rules, hides }, body(`[${items.join(",")}]`, "12"))).toBe(
      body(expected, "null"),
    );
  });

  it("are named by no token of a page: one that nobody asked for does not pass", () => {
    const page = (token: string) => `{"kind":"PodList","metadata":{"continue":${token}},"items":[${pod("a")}]}`;
    const of = (token: string) => answered({ operation: pods, rules, hides }, page(token));
    expect(of("null")).toBe(page("null"));
    expect(() => of('"ZGI"')).toThrow("it is a page of a longer list");
  });

  it("are left out of Tables, with every row that does not say what it is", () => {
    const row = (object: string) => `{"cells":["x"],"object":${object}}`;
    const body = (rows: readonly string[]) => `{"kind":"Table","rows":[${rows.join(",")}]}`;
    const rows = [pod("a", "secret"), pod("b"), "null"].map(row);
    expect(answered({ operation: pods, rules, hides }, body(rows))).toBe(body([row(pod("b"))]));
  });

  it("are left out of watches; what becomes hidden is deleted where this watch had shown it", () => {
    const event = (type: string, object: string) => `{"type":"${type}","object":${object}}\n`;
    const bookmark = event("BOOKMARK", '{"kind":"Pod","metadata":{"resourceVersion":"8"}}');
    const events = [
      event("ADDED", pod("a")),
      event("ADDED", pod("b", "secret")),
      event("MODIFIED", pod("a", "secret")),
      event("MODIFIED", pod("c", "secret")),
      bookmark,
      event("DELETED", pod("b", "secret")),
      event("ADDED", pod("d")),
    ];
    const deleted = event(
      "DELETED",
      '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","namespace":"prod","uid":"u-a","resourceVersion":"7"}}',
    );
    expect(answered({ operation: { ...pods, verb: "watch" }, rules, hides }, events.join(""))).toBe(
      [events[0], deleted, bookmark, events[6]].join(""),
    );
  });
});

describe("masks that depend on the object", () => {
  const shown = rulesOf({ masks: { "kube.secret": "show" } });
  const rulesFor = (item: Identity | undefined) => (item?.namespace === "dev" ? shown : noSecrets);
  const dev = secret({ password: CANARY }, { namespace: "dev" });
  const prod = secret({ password: CANARY }, { annotations: { a: JSON.stringify({ data: { a: b64(CANARY) } }) } });
  const hidden = (text: string) => text.replaceAll(b64(CANARY), MASK);

  // whatever the rules of the list itself are
  it.each([shown, noSecrets])("are those of each one, in lists, Tables and watches (%#)", (rules) => {
    const answer = (operation: typeof list, body: string) => answered({ operation, rules, rulesFor }, body);
    const [inDev, inProd] = [JSON.stringify(dev), JSON.stringify(prod)];
    const items = (...all: string[]) => `{"kind":"SecretList","items":[${all.join(", ")}]}`;
    expect(answer(list, items(inDev, inProd, inDev))).toBe(items(inDev, hidden(inProd), inDev));
    const row = (object: string) => `{"cells":["x"],"object":${object}}`;
    const table = (...all: string[]) => `{"kind":"Table","rows":[${all.map(row).join()}]}`;
    expect(answer(list, table(inDev, inProd))).toBe(table(inDev, hidden(inProd)));
    const events = (...all: string[]) => all.map((object) => `{"type":"ADDED","object":${object}}\n`).join("");
    expect(answer(watch, events(inDev, inProd))).toBe(events(inDev, hidden(inProd)));
  });

  it("are the strictest where an object does not say which it is", () => {
    const body = `{"items":[{"data":{"a":"${b64(CANARY)}"}}]}`;
    expect(answered({ operation: list, rules: shown, rulesFor }, body)).toBe(hidden(body));
  });
});

describe("what is asked for", () => {
  const ask = (accept: string, operation = list) => {
    const plan = planAnswer({ operation, accept, rules: noSecrets });
    return plan.pass ? "pass" : plan.accept;
  };

  it.each([
    ["", "application/json"],
    ["*/*", "application/json"],
    ["application/*;q=0.5", "application/json;q=0.5"],
    ["application/vnd.kubernetes.protobuf,application/json", "application/json"],
    [
      "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json",
      "application/json;as=Table;v=v1;g=meta.k8s.io, application/json;as=Table;v=v1beta1;g=meta.k8s.io, application/json",
    ],
    [
      "application/vnd.kubernetes.protobuf;stream=watch, application/json;stream=watch",
      "application/json;stream=watch",
    ],
    ["application/cbor, application/yaml;q=0.9, application/json;q=0.8", "application/json;q=0.8"],
    ["application/vnd.kubernetes.protobuf", undefined],
    ["application/yaml", undefined],
    ["application/json;q=0, */*;q=0.0", undefined],
  ])("for Accept: %s", (accept, asked) => {
    expect(ask(accept)).toBe(asked);
  });

  it("of files of the API server is text that detectors look at, unlike what it says of itself", () => {
    const rules = rulesOf({ labels: [{ name: "p", columns: [], detect: ["email"] }] });
    const plan = (path: string) =>
      planAnswer({ operation: operationOf({ resource: "", path }), accept: "", rules }).pass;
    expect(["/logs/audit.log", "/logs/", "/debug/pprof/heap"].map(plan)).toEqual([false, false, false]);
    expect(["/logsearch", "/metrics", "/openapi/v3", "/"].map(plan)).toEqual([true, true, true, true]);
  });

  it("is nothing else where nothing is hidden", () => {
    expect(ask("application/vnd.kubernetes.protobuf", operationOf({ resource: "pods" }))).toBe("pass");
    expect(ask("*/*", operationOf({ resource: "", path: "/openapi/v3" }))).toBe("pass");
  });

  it.each([
    ["application/vnd.kubernetes.protobuf", 200, undefined],
    ["application/cbor", 200, undefined],
    ["application/yaml", 200, undefined],
    ["", 200, undefined],
    ["text/html", 200, undefined],
    ["application/json", 200, "gzip"],
  ])("and an answer in %s (%i, %s) is not passed", (type, status, encoding) => {
    const plan = planAnswer({ operation: list, accept: "", rules: noSecrets });
    expect(() => plan.pass || plan.open(type, status, encoding)).toThrow(/cannot be masked/);
  });
});

it("a watch that is none is masked all the same", () => {
  const body = `${JSON.stringify(secret({ password: CANARY }, { annotations: { a: `it is ${CANARY}` } }))}\n`;
  expect(answered({ operation: watch }, body)).not.toContain(b64(CANARY));
  const list = `{"kind":"SecretList","items":[${body}]}`;
  expect(answered({ operation: watch }, list)).not.toContain(b64(CANARY));
});

it("bytes that are no UTF-8 pass as they are, but for what is masked", () => {
  const rules = rulesOf({ labels: [{ name: "p", columns: [], names: "password", detect: ["email"] }] });
  const plan = planAnswer({ operation: operationOf({ resource: "configmaps" }), accept: "", rules });
  const mask = plan.pass ? undefined : plan.open("application/json", 200);
  const body = (password: string, mail: string) =>
    Buffer.from(`{"data":{"a":"\xff\xfe","b":"\xe9 ${mail} \xff","password":"${password}"}}`, "latin1");
  const out = Buffer.concat([
    mask?.push(body("\xff\x80", "ann@example.com")) ?? Buffer.alloc(0),
    mask?.end() ?? Buffer.alloc(0),
  ]);
  expect(out).toEqual(body(CONSTANT_TEXT, "<email masked by tidewaiter>"));
});

it("pictures and texts of aggregated API servers pass, the latter without what detectors find", () => {
  const operation = operationOf({ group: "packages.example.com", resource: "manifests", subresource: "icon" });
  const rules = rulesOf({ labels: [{ name: "p", columns: [], detect: ["email"] }] });
  expect(answered({ operation, rules }, "ana@example.com", "image/png")).toBe("ana@example.com");
  expect(answered({ operation, rules }, "ana@example.com\n", "text/html; charset=utf-8")).not.toContain("ana");
  expect(() => answered({ operation, rules }, "x", "application/octet-stream")).toThrow(/cannot be masked/);
});

describe("chunks", () => {
  const one = secret(
    { password: CANARY, ключ: 'quote " and \\ and \u2028' },
    { annotations: { a: JSON.stringify({ data: { x: '\\"' } }) } },
  );
  const bodies: readonly [string, Parameters<typeof answered>[0], string][] = [
    ["object", {}, `${JSON.stringify(one, undefined, 2)}\n`],
    [
      "list",
      { operation: list },
      ` {"metadata":{"a":"[{"}, "items" : [ ${JSON.stringify(one)} ,\n"x\\"]", 12 ,null, ${JSON.stringify(one)} ] , "kind":"SecretList"} `,
    ],
    [
      "watch",
      { operation: watch },
      `${JSON.stringify({ type: "ADDED", object: one })}\n{"type":"BOOKMARK","object":{}}\n`,
    ],
    ["empty", {}, ""],
  ];

  it.each(bodies)("of every size give the same %s", (_, input, body) => {
    const whole = answered(input, body);
    expect(whole).not.toContain(b64(CANARY));
    for (const size of [1, 2, 3, 7, 64]) expect(answered(input, chunked(Buffer.from(body), [size]))).toBe(whole);
    for (let at = 1; at < Buffer.from(body).length; at++)
      expect(answered(input, [Buffer.from(body).subarray(0, at), Buffer.from(body).subarray(at)])).toBe(whole);
  });

  it("of a watch go out when their event is whole", () => {
    const plan = planAnswer({ operation: watch, accept: "", rules: noSecrets });
    const mask = plan.pass ? undefined : plan.open("application/json", 200);
    const event = JSON.stringify({ type: "ADDED", object: one });
    expect(mask?.push(Buffer.from(event.slice(0, -1))).toString()).toBe("");
    expect(mask?.push(Buffer.from("}")).toString()).toBe(
      event
        .replaceAll(/"(?:password|ключ)":"[^"]*"/g, (each) => `${each.split(":")[0]}:"${MASK}"`)
        .replace('\\"x\\":\\"\\\\\\\\\\\\\\"\\"', `\\"x\\":\\"${MASK}\\"`),
    );
  });
});

describe("what is no JSON, or too large", () => {
  it.each([
    "{",
    '{"a":',
    '{"a":1',
    '{"data":{"a":"x}',
    "{}{}",
    '{"items":[',
    '{"items":[{}',
    "nonsense{",
    '{"a" 1}',
    '{"a":1,}',
    '{"data":{"a":"\u0001"}}',
    '{"data":{"a":"\\x"}}',
    "[".repeat(600) + "]".repeat(600),
  ])("is not passed: %s", (body) => {
    expect(() => answered({}, body)).toThrow(/cannot be masked/);
  });

  it("is cut at 4 MiB for one object, while a list may be of any size", () => {
    const big = JSON.stringify(secret({ a: "x".repeat(4 * 1024 * 1024) }));
    expect(() => answered({}, big)).toThrow(/4 MiB/);
    expect(() => answered({ operation: list }, `{"items":[${big}]}`)).toThrow(/4 MiB/);
    const item = JSON.stringify(secret({ a: CANARY.repeat(1000) }));
    const shown = answered(
      { operation: list },
      chunked(Buffer.from(`{"items":[${Array(1000).fill(item).join()}]}`), [65_536]),
    );
    expect(shown).not.toContain(b64(CANARY));
    expect(shown.match(new RegExp(MASK, "g"))?.length).toBe(1000);
  });
});

describe("an answer that is made to take long", () => {
  const timed = (input: Parameters<typeof answered>[0], body: string) => {
    const began = performance.now();
    try {
      answered(input, body);
    } catch (error) {
      expect(String(error)).toMatch(/cannot be masked/);
    }
    return performance.now() - began;
  };
  const nested = (depth: number, open: string, close: string, inner = '"x"') =>
    open.repeat(depth) + inner + close.repeat(depth);
  const custom = operationOf({ group: "example.com", resource: "things" });
  const rules = rulesOf({ labels: [{ name: "p", columns: [], names: "password", detect: ["email"] }] });
  const filler = JSON.stringify("x".repeat(1_000_000));

  it.each(["list", "watch"])("does not: one object of a %s byte by byte", (verb) => {
    const object = secret({ a: "x".repeat(200_000) });
    const body = Buffer.from(JSON.stringify(verb === "watch" ? { type: "ADDED", object } : { items: [object] }));
    const plan = planAnswer({ operation: operationOf({ verb }), accept: "", rules: noSecrets });
    const mask = plan.pass ? undefined : plan.open("application/json", 200);
    const began = performance.now();
    for (let at = 0; at < body.length; at++) mask?.push(body.subarray(at, at + 1));
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  it.each([
    ["Secrets that say so at their end", { operation: custom }, nested(150, '{"data":', ',"kind":"Secret"}', filler)],
    ["Secrets around Secrets", { operation: custom }, nested(150, '{"a":', ',"kind":"Secret"}', filler)],
    [
      "variables in variables",
      { operation: custom, rules },
      nested(100, '{"env":[{"name":"a","value":', "}]}", filler),
    ],
    [
      "many values in many annotations",
      {},
      JSON.stringify(
        secret(Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`k${at}`, `value number ${at}`])), {
          annotations: Object.fromEntries(Array.from({ length: 250 }, (_, at) => [`a${at}`, "y".repeat(1_000)])),
        }),
      ),
    ],
    ["an error without end", {}, JSON.stringify({ kind: "Status", message: 'Invalid value: "'.repeat(200_000) })],
    [
      "text in text in text",
      {},
      JSON.stringify(
        secret(
          { a: "value" },
          { annotations: { a: Array.from({ length: 12 }).reduce<string>((text) => JSON.stringify(text), "[]") } },
        ),
      ),
    ],
    ["escapes", { operation: custom, rules }, JSON.stringify({ spec: '\\"'.repeat(500_000) })],
  ])("does not: %s", (_, input, body) => {
    expect(timed(input, body)).toBeLessThan(3_000);
  });
});
