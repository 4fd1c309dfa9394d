import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { text } from "node:stream/consumers";
import type { AdmissionRequest } from "@tidewaiter/core";
import { kubernetesMissing, skipUnless } from "@tidewaiter/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from "vitest";
import { type KubeWorld, startWorld } from "./world.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const POLICY = `
version: 1
labels: { kube.secret: {} }
rules:
  - id: no-locks
    when: '"tier" in kube.labels && kube.labels["tier"] == "locked"'
    deny: what is locked stays as it is
`;

const missing = kubernetesMissing();
let world: KubeWorld;
/** What somebody else does between the verdict and the write. */
let meanwhile: (() => Promise<unknown>) | undefined;

beforeAll(async () => {
  if (missing !== undefined) return;
  world = await startWorld([{ name: "kube", source: POLICY }]);
  await world.ask("/version");
  const [session] = world.gateway.sessions;
  if (session === undefined) throw new Error("no session");
  const admit = session.admit.bind(session);
  session.admit = async (request: AdmissionRequest) => {
    const admission = await admit(request);
    if (admission.ok) await meanwhile?.();
    return admission;
  };
});
afterAll(async () => {
  agent.destroy();
  await world?.[Symbol.asyncDispose]();
});

const MAPS = "/api/v1/namespaces/default/configmaps";
const PODS = "/api/v1/namespaces/default/pods";
const DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments";
const MERGE = "application/merge-patch+json";
const map = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "x", labels: { tier: "open" } },
  data: { a: "1" },
};
const template = {
  metadata: { labels: { app: "x" } },
  spec: { schedulerName: "nobody", containers: [{ name: "c", image: "i" }] },
};
const pod = { apiVersion: "v1", kind: "Pod", ...template, metadata: { name: "x", labels: { tier: "open" } } };
const deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "x", labels: { tier: "open" } },
  spec: { replicas: 1, selector: { matchLabels: { app: "x" } }, template },
};

async function ask(method: string, path: string, body?: unknown, type = "application/json") {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body === undefined ? "" : JSON.stringify(body));
  // Node frames no body of a delete by itself
  const headers = { "content-type": type, "content-length": String(bytes.length) };
  const answer = await world.ask(path, { method, ...(bytes.length > 0 && { headers, body: bytes }) });
  return { status: answer.status, text: answer.bytes.toString("utf8") };
}

const PATHS: Readonly<Record<string, string>> = { cm: MAPS, deploy: DEPLOYMENTS, pod: PODS };

/** As the administrator, at the API server itself: a process of kubectl for each would take longer than all the rest. */
async function admin(method: string, path: string, body?: unknown, type = "application/json") {
  const { url, caPem: ca, adminToken } = world.cluster;
  const sent = body === undefined ? "" : JSON.stringify(body);
  const headers = { authorization: `Bearer ${adminToken}`, "content-type": type, "content-length": sent.length };
  const asked = request(url + path, { method, ca, headers, agent });
  asked.end(sent);
  const [answer]: IncomingMessage[] = await once(asked, "response");
  if (answer === undefined) throw new Error("there was no answer");
  return { status: answer.statusCode ?? 0, body: JSON.parse(await text(answer)) };
}

const agent = new Agent({ keepAlive: true });

const stored = async (path: string) => {
  const { status, body } = await admin("GET", path);
  return status === 200 ? body : undefined;
};

const relabel = (kind: string, labels: Readonly<Record<string, string>>) =>
  admin("PATCH", `${PATHS[kind]}/x`, { metadata: { labels } }, MERGE);

const create = async () => {
  for (const [path, object] of [
    [MAPS, map],
    [DEPLOYMENTS, deployment],
    [PODS, pod],
  ] as const)
    await admin("POST", path, object);
};

/** `Content-Type: application/vnd.kubernetes.protobuf` of a ConfigMap. */
function protobufMap(name: string, value: string): Buffer {
  const bytes = (number: number, content: string | Buffer): Buffer =>
    Buffer.concat([Buffer.from([(number << 3) | 2, content.length]), Buffer.from(content as string)]);
  const entry = Buffer.concat([bytes(1, "a"), bytes(2, value)]);
  const labels = bytes(11, Buffer.concat([bytes(1, "tier"), bytes(2, "open")]));
  const metadata = Buffer.concat([bytes(1, name), bytes(3, "default"), labels]);
  const raw = Buffer.concat([bytes(1, metadata), bytes(2, entry)]);
  const type = Buffer.concat([bytes(1, "v1"), bytes(2, "ConfigMap")]);
  return Buffer.concat([Buffer.from("k8s\0"), bytes(1, type), bytes(2, raw)]);
}

/** Each way to write an object whose labels a rule asks for. */
const WAYS: readonly (readonly [string, string, () => ReturnType<typeof ask>])[] = [
  ["a delete", "cm", () => ask("DELETE", `${MAPS}/x`)],
  [
    "a delete with options in its URL",
    "cm",
    () => ask("DELETE", `${MAPS}/x?propagationPolicy=Background&gracePeriodSeconds=0`),
  ],
  ["a delete with options", "deploy", () => ask("DELETE", `${DEPLOYMENTS}/x`, { propagationPolicy: "Background" })],
  ["a merge", "cm", () => ask("PATCH", `${MAPS}/x`, { data: { a: "2" } }, MERGE)],
  [
    "a strategic patch",
    "cm",
    () => ask("PATCH", `${MAPS}/x`, { data: { a: "2" } }, "application/strategic-merge-patch+json"),
  ],
  [
    "a JSON patch",
    "cm",
    () => ask("PATCH", `${MAPS}/x`, [{ op: "replace", path: "/data/a", value: "2" }], "application/json-patch+json"),
  ],
  [
    "an apply",
    "cm",
    () =>
      ask(
        "PATCH",
        `${MAPS}/x?fieldManager=m&force=true`,
        { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x" }, data: { a: "2" } },
        "application/apply-patch+yaml",
      ),
  ],
  ["an update without a version", "cm", () => ask("PUT", `${MAPS}/x`, { ...map, data: { a: "2" } })],
  [
    "an update in protobuf",
    "cm",
    () => ask("PUT", `${MAPS}/x`, protobufMap("x", "2"), "application/vnd.kubernetes.protobuf"),
  ],
  ["a scale", "deploy", () => ask("PATCH", `${DEPLOYMENTS}/x/scale`, { spec: { replicas: 2 } }, MERGE)],
  [
    "a status",
    "deploy",
    () => ask("PATCH", `${DEPLOYMENTS}/x/status`, { metadata: { annotations: { a: "2" } } }, MERGE),
  ],
  [
    "an eviction",
    "pod",
    () => ask("POST", `${PODS}/x/eviction`, { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "x" } }),
  ],
  [
    "a binding",
    "pod",
    () =>
      ask("POST", `${PODS}/x/binding`, {
        apiVersion: "v1",
        kind: "Binding",
        metadata: { name: "x" },
        target: { kind: "Node", name: "n" },
      }),
  ],
];

skipUnless(missing === undefined, missing ?? "").describe(
  "an object that changes between its verdict and the write",
  () => {
    const { it } = skipUnless(true, "");

    beforeEach(async () => {
      meanwhile = undefined;
      await world.admin(["delete", "cm,deploy,pod", "x", "--ignore-not-found", "--grace-period=0", "--force"]);
      await create();
    });
    afterEach(() => {
      meanwhile = undefined;
    });

    it("is judged anew: nothing is written to what a rule keeps by then", async () => {
      for (const [name, kind, write] of WAYS) {
        const path = PATHS[kind];
        await relabel(kind, { tier: "open" });
        let before: { metadata: object } | undefined;
        meanwhile = async () => {
          meanwhile = undefined;
          await relabel(kind, { tier: "locked" });
          before = await stored(`${path}/x`);
        };
        const { status, text } = await write();
        expect({ name, status, rule: text.includes("[no-locks]") }).toEqual({ name, status: 403, rule: true });
        expect(before).toBeDefined();
        expect({ name, now: await stored(`${path}/x`) }).toEqual({ name, now: before });
      }
    });

    it("is written all the same where it may be, and what its client asked for is done", async () => {
      const from = world.gateway.events.length;
      for (const [name, kind, write] of WAYS) {
        await create();
        meanwhile = async () => {
          meanwhile = undefined;
          await relabel(kind, { n: name.replaceAll(" ", "-") });
        };
        const { status, text } = await write();
        expect({ name, status, text: status < 300 ? "" : text }).toEqual({
          name,
          status: expect.any(Number),
          text: "",
        });
      }
      const judged = world.gateway.events.slice(from).filter((event) => event.type === "operation");
      expect(judged).toHaveLength(2 * WAYS.length);
    });

    it("is tried five times, then its client is told as the API server tells it", async () => {
      let times = 0;
      meanwhile = () => relabel("cm", { n: String(++times) });
      const { status, text } = await ask("PATCH", `${MAPS}/x`, { data: { a: "2" } }, MERGE);
      expect([status, times]).toEqual([409, 5]);
      expect(JSON.parse(text)).toMatchObject({ reason: "Conflict", details: { name: "x", kind: "configmaps" } });
    });

    it("and a client's own precondition stays as it is", async () => {
      const { metadata } = await stored(`${MAPS}/x`);
      const { resourceVersion } = metadata;
      await relabel("cm", { n: "1" });
      const old = { metadata: { resourceVersion } };
      const native = (await stored(`${MAPS}/x`)).metadata.resourceVersion;
      const tries = [
        await ask("PUT", `${MAPS}/x`, { ...map, metadata: { ...map.metadata, resourceVersion } }),
        await ask("PATCH", `${MAPS}/x`, old, MERGE),
        await ask(
          "PATCH",
          `${MAPS}/x`,
          [{ op: "add", path: "/metadata/resourceVersion", value: resourceVersion }],
          "application/json-patch+json",
        ),
        await ask("DELETE", `${MAPS}/x`, { preconditions: { resourceVersion } }),
        await ask("DELETE", `${MAPS}/x`, { preconditions: { uid: "another" } }),
      ];
      expect(tries.map(({ status }) => status)).toEqual([409, 409, 409, 409, 409]);
      expect((await stored(`${MAPS}/x`)).metadata.resourceVersion).toBe(native);
      const conflict = await ask(
        "PATCH",
        `${MAPS}/x?fieldManager=other`,
        { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x" }, data: { a: "2" } },
        "application/apply-patch+yaml",
      );
      expect(conflict.status).toBe(409);
      expect(conflict.text).toContain("Apply failed with 1 conflict");
      const now = { ...map, metadata: { ...map.metadata, resourceVersion: native } };
      expect((await ask("PUT", `${MAPS}/x`, now)).status).toBe(200);
    });
  },
);
