/** Prints megabytes per second of answers on their way: `node src/response/answers.bench.ts`. */
import { b64, operationOf, rulesOf, secret } from "./answers.test-data.ts";
import { type AnswerInput, planAnswer } from "./plan-answer.ts";

const CHUNK = 64 * 1024;
const ROUNDS = 5;
const PODS = 2_000;

const none = rulesOf();
const detectors = rulesOf({
  labels: [{ name: "pii", columns: [], detect: ["email", "us_ssn", "phone", "payment_card"] }],
});
const everything = rulesOf({
  labels: [
    {
      name: "pii",
      columns: ["*.configmaps.owner"],
      names: "(?i)password",
      detect: ["email", "us_ssn", "phone", "payment_card"],
    },
  ],
});

function pod(index: number): Record<string, unknown> {
  const uid = `3f2a9c1e-0b5d-4e6f-8a7b-${String(index).padStart(12, "0")}`;
  const metadata = {
    name: `web-${index}`,
    namespace: "prod",
    uid,
    resourceVersion: String(1_000_000 + index),
    creationTimestamp: "2026-03-01T08:15:30Z",
    labels: { app: "web", "pod-template-hash": "6c5bdd8f9d" },
    annotations: {
      "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify({
        apiVersion: "v1",
        kind: "Pod",
        spec: { containers: [{ name: "web" }] },
      }),
    },
    managedFields: [
      {
        manager: "kubelet",
        operation: "Update",
        fieldsV1: { "f:status": { "f:conditions": { 'k:{"type":"Ready"}': { ".": {}, "f:status": {} } } } },
      },
    ],
  };
  const env = Array.from({ length: 8 }, (_, at) => ({
    name: `SETTING_${at}`,
    value: `value ${at} of the application`,
  }));
  const container = {
    name: "web",
    image: "registry.example/web@sha256:9f86d081884c7d65",
    env,
    args: ["--port=8080"],
    resources: { limits: { cpu: "500m", memory: "1Gi" } },
  };
  const status = {
    phase: "Running",
    podIP: "10.1.2.3",
    conditions: [{ type: "Ready", status: "True", lastTransitionTime: "2026-03-01T08:16:00Z" }],
    containerStatuses: [{ name: "web", restartCount: 0, ready: true }],
  };
  return {
    metadata,
    spec: {
      containers: [container],
      nodeName: "node-1",
      volumes: [{ name: "token", projected: { defaultMode: 420 } }],
    },
    status,
  };
}

const pods = Array.from({ length: PODS }, (_, index) => pod(index));
const rows = pods.map((each) => ({
  cells: [(each.metadata as { name: string }).name, "1/1", "Running", 0, "5d"],
  object: { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: each.metadata },
}));
const secrets = Array.from({ length: 2_000 }, (_, index) =>
  secret({ password: `secret-${index}`, "tls.key": "k".repeat(1_700), ca: "c".repeat(1_000) }),
);
const applied = secrets.map((each) => ({
  ...each,
  metadata: { name: "db", annotations: { "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify(each) } },
}));
const podList = JSON.stringify({ kind: "PodList", apiVersion: "v1", metadata: {}, items: pods });
const operation = operationOf({ resource: "pods", verb: "list" });
const custom = operationOf({ group: "example.com", resource: "webs", verb: "list" });

const cases: Readonly<Record<string, readonly [Partial<AnswerInput>, string]>> = {
  "pods, nothing to look for": [{ operation, rules: none }, podList],
  "pods, detectors": [{ operation, rules: detectors }, podList],
  "pods, detectors and names": [{ operation, rules: everything }, podList],
  "pods, some hidden": [{ operation, rules: none, hides: ({ name }) => name.endsWith("7") }, podList],
  "custom resources, Secrets inside": [{ operation: custom, rules: none }, podList],
  "custom resources, names": [{ operation: custom, rules: everything }, podList],
  "Table of pods, detectors": [{ operation, rules: detectors }, JSON.stringify({ kind: "Table", rows })],
  Secrets: [
    { operation: operationOf({ verb: "list" }), rules: none },
    JSON.stringify({ kind: "SecretList", items: secrets }),
  ],
  "Secrets, applied": [
    { operation: operationOf({ verb: "list" }), rules: none },
    JSON.stringify({ kind: "SecretList", items: applied }),
  ],
  "watch of Secrets": [
    { operation: operationOf({ verb: "watch" }), rules: none },
    secrets.map((object) => `${JSON.stringify({ type: "ADDED", object })}\n`).join(""),
  ],
  "one Secret of 1 MB": [
    { operation: operationOf(), rules: none },
    JSON.stringify(secret({ blob: b64("x".repeat(600_000)) })),
  ],
};

const best: Record<string, { MB: number; "MB/s": number; ms: number }> = {};
for (const [name, [input, body]] of Object.entries(cases)) {
  const bytes = Buffer.from(body);
  let fastest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now();
    const plan = planAnswer({ operation, accept: "", rules: none, ...input });
    const mask = plan.pass ? undefined : plan.open("application/json", 200);
    for (let at = 0; at < bytes.length; at += CHUNK) mask?.push(bytes.subarray(at, at + CHUNK));
    mask?.end();
    fastest = Math.min(fastest, performance.now() - began);
  }
  const megabytes = bytes.length / 1e6;
  best[name] = {
    MB: Number(megabytes.toFixed(1)),
    "MB/s": Math.round((megabytes / fastest) * 1_000),
    ms: Number(fastest.toFixed(1)),
  };
}
console.table(best);
