import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import {
  type CommandResult,
  kubectlEnvironment,
  kubernetesMissing,
  kubernetesPrograms,
  skipUnless,
} from "@tidewaiter/testkit";
import { afterAll, beforeAll, expect, vi } from "vitest";
import { type KubeWorld, startWorld } from "./world.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const POLICY = `
version: 1
rules:
  - id: no-delete-ns
    when: 'kube.resource == "namespaces" && kube.verb == "delete"'
    deny: nobody deletes namespaces here
  - id: scale-needs-a-person
    when: 'kube.subresource == "scale" && kube.verb in ["update", "patch"]'
    reason: changes what runs
    review: { by: ["group:sre"] }
`;

const missing = kubernetesMissing();
let world: KubeWorld;

beforeAll(async () => {
  if (missing === undefined) world = await startWorld([{ name: "kube", source: POLICY }]);
});
afterAll(async () => world?.[Symbol.asyncDispose]());

const CONFIG = (namespace: string, more = "") => `
apiVersion: v1
kind: ConfigMap
metadata: { name: settings, namespace: ${namespace}, labels: { app: web } }
data: { colour: blue, size: "7"${more} }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: ${namespace}, labels: { app: web } }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers: [{ name: web, image: nginx, env: [{ name: COLOUR, value: blue }] }]
`;

const CRD = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: boats.example.com }
spec:
  group: example.com
  scope: Namespaced
  names: { plural: boats, singular: boat, kind: Boat, shortNames: [bt] }
  versions:
    - name: v1
      served: true
      storage: true
      additionalPrinterColumns: [{ name: Draught, type: integer, jsonPath: .spec.draught }]
      schema:
        openAPIV3Schema:
          type: object
          properties: { spec: { type: object, properties: { draught: { type: integer } } } }
`;

/** What differs from one run to the next is made equal; nothing else. */
function steady({ stdout, stderr, code }: CommandResult, namespace: string) {
  const same = (text: string) =>
    text
      .replaceAll(namespace, "NAMESPACE")
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "UID")
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "TIME")
      .replace(/[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}/g, "TIME")
      .replace(/(resourceVersion"?: "?)\d+/g, "$1VERSION")
      .replace(/\b\d+(ms|s)\b/g, "AGE")
      .replace(/\/tmp\/(LIVE|MERGED)-\d+/g, "/tmp/$1")
      .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ [+-]\d{4}/g, "TIME")
      .replace(/ {2,}/g, "  ");
  return { code, stdout: same(stdout), stderr: same(stderr) };
}

skipUnless(missing === undefined, missing ?? "").describe("kubectl", () => {
  const { it } = skipUnless(true, "");

  it("answers as without the gateway, discovery first", async () => {
    const commands = [
      ["get", "ns", "-o", "name"],
      ["version", "-o", "json"],
      ["api-resources"],
      ["api-versions"],
      ["auth", "can-i", "create", "pods"],
      ["auth", "can-i", "--list"],
      ["get", "nosuch"],
      ["get", "pod", "nosuch"],
      ["get", "--raw", "/healthz"],
      ["get", "--raw", "/openapi/v2"],
      ["explain", "deployment.spec.replicas"],
    ];
    for (const args of commands) {
      const [through, direct] = await Promise.all([world.kubectl(args), world.direct(args)]);
      expect({ args, ...through }).toEqual({ args, ...direct });
    }
  });

  it("changes what there is as without the gateway", async () => {
    const script = async (run: KubeWorld["kubectl"], ns: string) => {
      const steps: readonly (readonly [readonly string[], string?])[] = [
        [["create", "namespace", ns]],
        [["create", "serviceaccount", "robot", "-n", ns]],
        [["create", "configmap", "plain", "-n", ns, "--from-literal=a=b"]],
        [["apply", "-f", "-"], CONFIG(ns)],
        [["apply", "-f", "-"], CONFIG(ns)],
        [["apply", "-f", "-"], CONFIG(ns, ", flag: black")],
        [["diff", "-f", "-"], CONFIG(ns, ", flag: white")],
        [["apply", "--server-side", "--field-manager=me", "-f", "-"], CONFIG(ns, ", flag: red")],
        [["apply", "--server-side", "--force-conflicts", "--field-manager=me", "-f", "-"], CONFIG(ns)],
        [["apply", "--dry-run=server", "-f", "-"], CONFIG(ns, ", flag: red")],
        [["patch", "cm", "settings", "-n", ns, "--type=merge", "-p", '{"data":{"colour":"green"}}']],
        [
          [
            "patch",
            "cm",
            "settings",
            "-n",
            ns,
            "--type=json",
            "-p",
            '[{"op":"replace","path":"/data/size","value":"8"}]',
          ],
        ],
        [
          [
            "patch",
            "deploy",
            "web",
            "-n",
            ns,
            "-p",
            '{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"nginx:2"}]}}}}',
          ],
        ],
        [["label", "cm", "settings", "-n", ns, "tier=front"]],
        [["annotate", "cm", "settings", "-n", ns, "note=yes"]],
        [["set", "image", "deploy/web", "-n", ns, "web=nginx:3"]],
        [["replace", "-f", "-"], CONFIG(ns)],
        [["replace", "-f", "-"], CONFIG("nowhere")],
        [["get", "cm,deploy", "-n", ns]],
        [["get", "cm", "settings", "-n", ns, "-o", "yaml"]],
        [["get", "deploy", "web", "-n", ns, "-o", "json", "--show-managed-fields"]],
        [["get", "deploy", "-n", ns, "-o", "wide", "--show-labels"]],
        [["get", "cm", "-n", ns, "-l", "app=web", "-o", "name"]],
        [["get", "cm", "-n", ns, "--sort-by=.metadata.name", "-o", "jsonpath={.items[*].metadata.name}"]],
        [["describe", "deploy", "web", "-n", ns]],
        [["describe", "cm", "settings", "-n", ns]],
        [["rollout", "history", "deploy/web", "-n", ns]],
        [["wait", "--for=jsonpath={.data.colour}=blue", "cm/settings", "-n", ns, "--timeout=5s"]],
        [["delete", "cm", "plain", "-n", ns]],
        [["delete", "cm", "plain", "-n", ns]],
        [["delete", "cm", "-n", ns, "-l", "app=web", "--wait=false"]],
        [["delete", "deploy", "--all", "-n", ns, "--wait=false"]],
      ];
      const results = [];
      for (const [args, stdin] of steps) {
        const result = await run(args, stdin === undefined ? {} : { input: stdin });
        results.push({ step: args.join(" ").replaceAll(ns, "NAMESPACE"), ...steady(result, ns) });
      }
      return results;
    };
    const [through, direct] = await Promise.all([script(world.kubectl, "via"), script(world.direct, "straight")]);
    expect(through).toEqual(direct);
    expect(through.filter(({ code }) => code !== 0).map(({ step }) => step)).toEqual([
      "diff -f -",
      "apply --server-side --field-manager=me -f -",
      "replace -f -",
      "delete cm plain -n NAMESPACE",
    ]);
  });

  it("lists in pages, and custom resources by their columns", async () => {
    await world.admin(["create", "namespace", "harbour"]);
    await world.admin(["apply", "-f", "-"], { input: CRD });
    const boats = Array.from({ length: 120 }, (_, index) => ({
      apiVersion: "example.com/v1",
      kind: "Boat",
      metadata: { name: `boat-${index}`, namespace: "harbour" },
      spec: { draught: index },
    }));
    await vi.waitFor(async () => expect((await world.admin(["get", "boats", "-A"])).code).toBe(0), { timeout: 20_000 });
    const made = await world.kubectl(["create", "-f", "-"], {
      input: JSON.stringify({ apiVersion: "v1", kind: "List", items: boats }),
    });
    expect(made.stderr).toBe("");
    for (const args of [
      ["get", "bt", "-n", "harbour", "--chunk-size=50"],
      ["get", "boats", "-A", "--chunk-size=7", "-o", "json"],
      ["get", "boat", "boat-3", "-n", "harbour", "-o", "yaml"],
    ]) {
      const [through, direct] = await Promise.all([world.kubectl(args), world.direct(args)]);
      expect(steady(through, "harbour")).toEqual(steady(direct, "harbour"));
    }
    const deleted = await world.kubectl(["delete", "boats", "--all", "-n", "harbour", "--wait=false"]);
    expect(deleted.stdout.trim().split("\n")).toHaveLength(120);
    const path = "/apis/example.com/v1/namespaces/harbour/boats";
    expect(await world.kubectl(["delete", "--raw", path])).toMatchObject({ code: 0 });
  });

  it("watches change by change", async () => {
    await world.admin(["create", "namespace", "tide"]);
    // kubectl watches nothing that is not there yet
    await world.admin(["create", "cm", "level", "-n", "tide", "--from-literal=height=0"]);
    const watch = spawn(
      kubernetesPrograms().kubectl,
      ["get", "cm", "level", "-n", "tide", "-w", "-o", "jsonpath={.data.height}{'\\n'}"],
      { env: { ...process.env, ...kubectlEnvironment(world.kubeconfig()) }, stdio: ["ignore", "pipe", "inherit"] },
    );
    const seen: string[] = [];
    const lines = createInterface({ input: watch.stdout });
    const wanted = Array.from({ length: 51 }, (_, index) => String(index));
    const all = new Promise<void>((resolve) =>
      lines.on("line", (line) => {
        if (line === "") return;
        seen.push(line);
        if (line === wanted.at(-1)) resolve();
      }),
    );
    await vi.waitFor(() => expect(seen).toEqual(["0"]), { timeout: 20_000 });
    for (const height of wanted.slice(1)) {
      await world.cluster.call("PATCH", "/api/v1/namespaces/tide/configmaps/level", {
        body: { data: { height } },
        headers: { "content-type": "application/merge-patch+json" },
      });
    }
    await all;
    expect(seen).toEqual(wanted);
    watch.kill();
    await once(watch, "close");
  });

  it("is refused by rule with a sentence and exit status 1, and goes on", async () => {
    await world.admin(["create", "namespace", "payments"]);
    const result = await world.kubectl(["delete", "namespace", "payments"]);
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr).toBe(
      'Error from server (Forbidden): namespaces "payments": delete was not passed on: nobody deletes namespaces here [no-delete-ns]\n',
    );
    expect((await world.admin(["get", "ns", "payments", "-o", "jsonpath={.status.phase}"])).stdout).toBe("Active");
    expect(await world.kubectl(["get", "ns", "payments"])).toMatchObject({ code: 0 });
  });

  it("gets a ticket where a person has to decide, and the same command passes once after approval", async () => {
    await world.admin(["create", "namespace", "shop"]);
    await world.admin(["apply", "-f", "-"], { input: CONFIG("shop") });
    const scale = () => world.kubectl(["scale", "deploy/web", "-n", "shop", "--replicas=5"]);
    const asked = world.gateway.nextReview();
    const first = await scale();
    expect(first.code).toBe(1);
    const id = await asked;
    const { request, shortId } = world.gateway.reviews.get(id) ?? { request: undefined, shortId: "" };
    expect(first.stderr).toContain(
      `changes what runs [scale-needs-a-person]. It needs a person: review ${shortId} https://gw.example/r/${shortId}. Run the same command again after approval`,
    );
    expect(request?.statement).toContain("/apis/apps/v1/namespaces/shop/deployments/web/scale");
    expect(request?.summary).toBe("patch deployments.apps/scale web in shop");
    await world.gateway.decide(id, "approve", "sam", "ok");
    const other = await world.kubectl(["scale", "deploy/web", "-n", "shop", "--replicas=6"]);
    expect(other.code).toBe(1);
    expect(await scale()).toMatchObject({ code: 0, stdout: "deployment.apps/web scaled\n" });
    expect((await scale()).code).toBe(1);
    expect((await world.admin(["get", "deploy", "web", "-n", "shop", "-o", "jsonpath={.spec.replicas}"])).stdout).toBe(
      "5",
    );
  });

  it("at level read changes nothing, but may ask what it may do", async () => {
    const read = world.kubeconfig({ level: "read", form: "path" });
    const { kubectl } = await import("@tidewaiter/testkit");
    const refused = await kubectl(["create", "ns", "other"], { kubeconfig: read });
    expect(refused.stderr).toContain("the access level read lets get, list and watch through [read-level]");
    expect(await kubectl(["auth", "can-i", "get", "pods"], { kubeconfig: read })).toMatchObject({ code: 0 });
    expect(
      await kubectl(["auth", "whoami", "-o", "jsonpath={.status.userInfo.groups}"], { kubeconfig: read }),
    ).toMatchObject({
      stdout: '["developers","tidewaiter:level:read","system:authenticated"]',
    });
    expect(await kubectl(["get", "ns", "default"], { kubeconfig: read })).toMatchObject({ code: 0 });
  });
});
