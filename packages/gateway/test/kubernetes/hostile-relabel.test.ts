import { kubernetesMissing, skipUnless } from "@tidewaiter/testkit";
import { afterAll, beforeAll, expect, vi } from "vitest";
import { type KubeWorld, startWorld } from "./world.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const POLICY = `
version: 1
labels: { kube.secret: {} }
rules:
  - id: no-locks
    when: 'kube.resource != "secrets" && "tier" in kube.labels && kube.labels["tier"] == "locked"'
    deny: what is locked stays as it is
  - id: private-is-masked
    mask: { kube.secret: constant }
    unless: '!("private" in kube.labels)'
`;

const missing = kubernetesMissing();
let world: KubeWorld;

beforeAll(async () => {
  if (missing !== undefined) return;
  world = await startWorld([{ name: "kube", source: POLICY }]);
  await world.admin(["create", "namespace", "prod"]);
});
afterAll(async () => world?.[Symbol.asyncDispose]());

const JSON_TYPE = "application/json";
const MERGE = "application/merge-patch+json";
const STRATEGIC = "application/strategic-merge-patch+json";
const JSON_PATCH = "application/json-patch+json";
const APPLY = "application/apply-patch+yaml";

async function ask(method: string, path: string, body: unknown, type = JSON_TYPE) {
  const headers = { "content-type": type };
  const { status, bytes } = await world.ask(path, { method, headers, body: JSON.stringify(body) });
  return { status, text: bytes.toString("utf8") };
}

const labelsOf = async (path: string) =>
  JSON.parse((await world.admin(["get", "--raw", path])).stdout).metadata.labels ?? {};

const pod = { containers: [{ name: "c", image: "i" }] };
const meta = (name: string, tier: string, own: object = {}) => ({
  name,
  namespace: "prod",
  labels: { tier, app: "web" },
  ...own,
});

/** Kinds whose subresources store labels in a real API server. */
const KINDS: readonly (readonly [string, object, string])[] = [
  ["/api/v1/namespaces/prod/pods", { apiVersion: "v1", kind: "Pod", spec: pod }, "status"],
  [
    "/apis/batch/v1/namespaces/prod/jobs",
    {
      apiVersion: "batch/v1",
      kind: "Job",
      spec: { template: { spec: { ...pod, restartPolicy: "Never" } } },
    },
    "status",
  ],
  [
    "/api/v1/namespaces/prod/services",
    { apiVersion: "v1", kind: "Service", spec: { ports: [{ port: 80 }] } },
    "status",
  ],
];

skipUnless(missing === undefined, missing ?? "").describe("labels and the ways round to them", () => {
  const { it } = skipUnless(true, "");

  it("are judged where a subresource stores them, as by the object itself", async () => {
    for (const [path, object, subresource] of KINDS) {
      for (const tier of ["open", "locked"])
        await world.admin(["create", "-f", "-"], {
          input: JSON.stringify({ ...object, metadata: meta(tier, tier) }),
        });
      const { apiVersion, kind } = object as { apiVersion: string; kind: string };
      const stored = JSON.parse((await world.admin(["get", "--raw", `${path}/open`])).stdout);
      const locked = { ...stored, metadata: { ...stored.metadata, labels: { tier: "locked" } } };
      const to = { metadata: { labels: { tier: "locked" } } };
      const at = (name: string) => `${path}/${name}/${subresource}`;
      const tries = [
        ask("PUT", at("open"), locked),
        ask("PATCH", at("open"), to, MERGE),
        ask("PATCH", at("open"), to, STRATEGIC),
        ask("PATCH", at("open"), [{ op: "add", path: "/metadata/labels", value: to.metadata.labels }], JSON_PATCH),
        ask("PATCH", `${at("open")}?fieldManager=x&force=true`, { apiVersion, kind, ...to }, APPLY),
        ask("PATCH", at("locked"), { metadata: { labels: { tier: null } } }, MERGE),
        ask("PATCH", at("locked"), [{ op: "remove", path: "/metadata/labels" }], JSON_PATCH),
      ];
      for (const [index, { status, text }] of (await Promise.all(tries)).entries())
        expect({ kind, index, status, rule: text.includes("[no-locks]") }).toEqual({
          kind,
          index,
          status: 403,
          rule: true,
        });
      expect(await labelsOf(`${path}/open`)).toEqual({ tier: "open", app: "web" });
      expect(await labelsOf(`${path}/locked`)).toMatchObject({ tier: "locked" });
      const other = await ask("PATCH", at("open"), { metadata: { labels: { colour: "blue" } } }, MERGE);
      expect(other.status).toBe(200);
      expect(await labelsOf(`${path}/open`)).toEqual({ tier: "open", app: "web", colour: "blue" });
    }
  });

  it("are judged where a binding gives them to a pod, and where one is bound that has them", async () => {
    for (const tier of ["open", "locked"]) {
      const spec = { ...pod, schedulerName: "nobody" };
      const input = JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata: meta(`bound-${tier}`, tier), spec });
      await world.admin(["create", "-f", "-"], { input });
    }
    const binding = (name: string, labels: object) => ({
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name, namespace: "prod", labels },
      target: { kind: "Node", name: "nowhere" },
    });
    const pods = "/api/v1/namespaces/prod/pods";
    const tries = [
      ask("POST", `${pods}/bound-open/binding`, binding("bound-open", { tier: "locked" })),
      ask("POST", "/api/v1/namespaces/prod/bindings", binding("bound-open", { tier: "locked" })),
      ask("POST", `${pods}/bound-locked/binding`, binding("bound-locked", {})),
      ask("POST", "/api/v1/namespaces/prod/bindings", binding("bound-locked", {})),
    ];
    for (const [index, { status, text }] of (await Promise.all(tries)).entries())
      expect({ index, status, rule: text.includes("[no-locks]") }).toEqual({ index, status: 403, rule: true });
  });

  it("make no Secret one that is shown by being taken off", async () => {
    const create = JSON.stringify({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "db", namespace: "prod", labels: { private: "yes", app: "web" } },
      stringData: { p: "canary-4711" },
    });
    await world.admin(["apply", "--server-side", "--field-manager=team", "-f", "-"], { input: create });
    const path = "/api/v1/namespaces/prod/secrets/db";
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "db", namespace: "prod" } };
    const tries = [
      ask("PATCH", path, { metadata: { labels: { private: null } } }, MERGE),
      ask("PATCH", path, { metadata: { labels: null } }, MERGE),
      ask("PATCH", path, { metadata: { labels: { $patch: "replace", app: "web" } } }, STRATEGIC),
      ask("PATCH", path, { metadata: { labels: { $patch: "delete" } } }, STRATEGIC),
      ask("PATCH", path, [{ op: "remove", path: "/metadata/labels/private" }], JSON_PATCH),
      ask("PATCH", path, [{ op: "replace", path: "/metadata/labels", value: { app: "web" } }], JSON_PATCH),
      ask("PATCH", path, [{ op: "move", from: "/metadata/labels/private", path: "/metadata/labels/x" }], JSON_PATCH),
      ask("PATCH", path, [{ op: "copy", from: "/metadata/annotations", path: "/metadata/labels" }], JSON_PATCH),
      ask("PATCH", `${path}?fieldManager=team&force=true`, secret, APPLY),
      ask("PUT", path, { ...secret, type: "Opaque" }),
    ];
    for (const [index, { status, text }] of (await Promise.all(tries)).entries()) {
      expect({ index, status }).toEqual({ index, status: 403 });
      expect(text).toContain("[no-laundering]");
    }
    expect(await labelsOf(path)).toEqual({ private: "yes", app: "web" });
  });
});
