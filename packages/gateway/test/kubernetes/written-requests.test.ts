import { type KubeOperation, readWritten } from "@tidewaiter/core";
import { kubeType, kubeTypeNames } from "@tidewaiter/core/written/kube-types";
import { readRequest } from "@tidewaiter/kubernetes/request/read-request";
import { operationOfWritten } from "@tidewaiter/kubernetes/request/written-request";
import { kubernetesMissing, skipUnless } from "@tidewaiter/testkit";
import { afterAll, beforeAll, expect, vi } from "vitest";
import { type KubeWorld, startWorld } from "./world.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const missing = kubernetesMissing();
let world: KubeWorld;

beforeAll(async () => {
  if (missing === undefined) world = await startWorld([]);
});
afterAll(async () => world?.[Symbol.asyncDispose]());

function written(kube: string): KubeOperation {
  const read = readWritten({ kube });
  if (!read.ok || read.value.type !== "kube") throw new Error(`${kube}: ${JSON.stringify(read)}`);
  return operationOfWritten(read.value.kube);
}

/** What kubectl asked the gateway for, without what the bodies said. */
async function asked(args: readonly string[]): Promise<readonly KubeOperation[]> {
  const { events } = world.gateway;
  const before = events.length;
  await world.kubectl(args);
  return events.slice(before).flatMap((event) => {
    if (event.type !== "operation") return [];
    const [line = ""] = event.text.split("\n");
    const [method = "", url = ""] = line.split(" ");
    const [path = "", query = ""] = url.split("?");
    const read = readRequest(method, path, query);
    return read.ok ? [read.operation] : [];
  });
}

const REQUESTS: readonly (readonly [string, readonly string[]])[] = [
  ["get namespaces", ["get", "ns"]],
  ["get ns default", ["get", "namespace/default"]],
  ["get pods", ["get", "pods"]],
  ["get pods -A", ["get", "po", "-A"]],
  ["get pods web-1 -n kube-system", ["get", "pod/web-1", "-n", "kube-system"]],
  ["get deploy -n kube-system", ["get", "deployments.apps", "-n", "kube-system"]],
  ["get hpa", ["get", "hpa"]],
  ["get ing -A", ["get", "ingresses", "-A"]],
  ["get events.events.k8s.io -n default", ["get", "events.events.k8s.io"]],
  ["get crd", ["get", "crd"]],
  ["get nodes n1", ["get", "node", "n1"]],
  ["create namespaces", ["create", "ns", "passing"]],
  ["create namespaces --dry-run", ["create", "ns", "never", "--dry-run=server"]],
  ["create serviceaccounts robot --subresource token", ["create", "token", "robot"]],
  ["create configmaps", ["create", "configmap", "settings", "--from-literal=a=b"]],
  ["patch configmaps settings", ["patch", "cm", "settings", "--type=merge", "-p", '{"data":{"a":"c"}}']],
  ["patch cm settings", ["label", "configmap", "settings", "app=web"]],
  ["delete configmaps settings", ["delete", "configmap/settings", "--wait=false"]],
  ["delete namespace/passing", ["delete", "ns", "passing", "--wait=false"]],
  ["create selfsubjectaccessreviews", ["auth", "can-i", "get", "pods"]],
  ["create selfsubjectreviews", ["auth", "whoami"]],
  ["get /version", ["get", "--raw", "/version"]],
];

/** What is created, and of which labels, stands in the body. */
function told({ path: _path, name, labels: _labels, ...rest }: KubeOperation): Partial<KubeOperation> {
  return rest.verb === "create" && rest.subresource === "" ? rest : { ...rest, name };
}

/** Requests as tests of rules and explanations write them, against those that kubectl sends. */
skipUnless(missing === undefined, missing ?? "").describe("a request in the words of kubectl", () => {
  const { it } = skipUnless(true, "");

  it("names the types that a cluster has as the cluster does", async () => {
    const listed = await world.admin(["api-resources", "--no-headers"]);
    const types = listed.stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.trim().split(/\s+/));
    expect(types.length).toBeGreaterThan(50);
    for (const row of types) {
      const [plural = "", ...rest] = row;
      const [groupVersion = "", namespaced = "", kind = ""] = rest.slice(-3);
      const shorts = rest.length > 3 ? (rest[0] ?? "").split(",") : [];
      const [version = "", group = ""] = groupVersion.split("/").reverse();
      // the same name in two groups: kubectl takes the older one
      const known = kubeType(plural);
      if (known === undefined || known.group !== group) continue;
      const expected = { group, version, resource: plural, namespaced: namespaced === "true" };
      for (const name of [plural, kind, ...shorts]) expect(kubeType(name), name).toEqual(expected);
    }
    const names = new Set(types.map(([plural]) => plural));
    const gone = [...kubeTypeNames()].filter((name) => !names.has(kubeType(name)?.resource ?? ""));
    expect(gone).toEqual([]);
  });

  for (const [kube, args] of REQUESTS)
    it(`${kube} is asked for by kubectl ${args.join(" ")}`, async () => {
      const wanted = told(written(kube));
      expect((await asked(args)).map(told)).toContainEqual(wanted);
    });
});
