import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { helm, helmMissing, helmNeed, skipUnless, type TempDir, tempDir } from "@tidewaiter/testkit";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { type KubeWorld, startWorld } from "./world.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const CANARY = "canary-of-a-chart";
const POLICY = `
version: 1
labels:
  kube.secret: {}
rules:
  - id: secrets-of-clusters
    mask: { kube.secret: constant }
    unless: 'kube.name.startsWith("sh.helm.release.v1.") && resource.level == "admin"'
`;

const CHART: Readonly<Record<string, string>> = {
  "Chart.yaml": "apiVersion: v2\nname: shop\nversion: 0.1.0\n",
  "templates/all.yaml": `apiVersion: v1
kind: ConfigMap
metadata: { name: "{{ .Release.Name }}" }
data: { size: "{{ .Values.size }}" }
---
apiVersion: v1
kind: Secret
metadata: { name: "{{ .Release.Name }}" }
stringData: { password: ${CANARY} }
`,
  "values.yaml": "size: small\n",
};

/** Helm keeps its releases in Secrets, with all that they rendered. */
skipUnless(helmMissing() === undefined, helmNeed).describe("helm through the gateway", () => {
  let world: KubeWorld;
  let folder: TempDir;
  const run = (...args: string[]) => helm(args, { kubeconfig: world.kubeconfig() });
  const byConfigMap = (...args: string[]) =>
    helm(args, { kubeconfig: world.kubeconfig(), env: { HELM_DRIVER: "configmap" } });

  beforeAll(async () => {
    folder = tempDir("helm");
    for (const [name, text] of Object.entries(CHART)) {
      const path = join(folder.path, "shop", name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    world = await startWorld([{ name: "secrets", source: POLICY }]);
  });
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]();
    await folder?.remove();
  });

  async function wholeLife(release: string, call: typeof run): Promise<void> {
    const chart = join(folder.path, "shop");
    const steps = [
      ["install", release, chart],
      ["upgrade", release, chart, "--set", "size=big"],
      ["rollback", release, "1"],
      ["upgrade", "--install", release, chart, "--set", "size=big", "--wait"],
    ];
    for (const step of steps) {
      const done = await call(...step);
      expect(done.code, `${step.join(" ")}: ${done.stderr}`).toBe(0);
    }
    expect((await call("list", "-q")).stdout.split("\n")).toContain(release);
    expect((await call("history", release, "-o", "json")).stdout.match(/"revision"/g)).toHaveLength(4);
    const seen = await world.direct(["get", "configmap", release, "-o", "jsonpath={.data.size}"]);
    expect(seen.stdout).toBe("big");
    const stored = await world.direct(["get", "secret", release, "-o", "jsonpath={.data.password}"]);
    expect(Buffer.from(stored.stdout, "base64").toString()).toBe(CANARY);
    expect((await call("uninstall", release)).code).toBe(0);
  }

  it("with Secrets masked it does not find its releases again, and tells nothing of them", async () => {
    expect((await run("install", "masked", join(folder.path, "shop"))).code).toBe(0);
    const upgraded = await run("upgrade", "masked", join(folder.path, "shop"));
    expect(upgraded.code).toBe(1);
    const all = await Promise.all([run("list"), run("get", "manifest", "masked"), run("history", "masked")]);
    expect(all.map(({ stdout, stderr }) => stdout + stderr).join("") + upgraded.stderr).not.toContain(CANARY);
  });

  it("with releases in ConfigMaps all of it works", () => wholeLife("in-configmaps", byConfigMap));

  it("works as it is for whom the policy shows Helm's own Secrets, and no other", async () => {
    const kubeconfig = world.kubeconfig({ level: "admin" });
    await wholeLife("in-secrets", (...args) => helm(args, { kubeconfig }));
    const template = "{range .items[*]}{.metadata.name}={.data.password}{end}";
    const seen = await world.kubectl(["get", "secrets", "-o", `jsonpath=${template}`, "--kubeconfig", kubeconfig]);
    expect(seen.stdout).toContain(`masked=${Buffer.from("<masked by tidewaiter>").toString("base64")}`);
  });
});
