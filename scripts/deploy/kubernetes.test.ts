import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type KubernetesServer,
  kubeconfigText,
  kubectl,
  kubernetesMissing,
  kubernetesNeed,
  type NodeProcess,
  runCommand,
  skipUnless,
  spawnNode,
  startKubernetes,
  type TempDir,
  tempDir,
} from "@tidewaiter/testkit";
import { startTidewaiter, type Tidewaiter } from "@tidewaiter/testkit/tidewaiter";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { parse, parseAllDocuments } from "yaml";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = join(root, "deploy/kubernetes");
const ACCOUNT = "system:serviceaccount:tidewaiter:tidewaiter-agent";

type Paths = [token: string, state: string, joinToken: string];

interface PodSpec {
  readonly containers: readonly { readonly args: readonly string[] }[];
}
interface Deployment {
  readonly spec: { readonly template: { readonly metadata: object; readonly spec: PodSpec } };
}

const manifest = parse(readFileSync(join(folder, "agent.yaml"), "utf8"), { version: "1.1" }) as Deployment;

describe("the agent in a cluster", () => {
  const program = "packages/agent/bin/tidewaiter-agent.js";

  skipUnless(existsSync(join(root, program)), program).it("uses options that the agent knows", async () => {
    const help = await runCommand(process.execPath, [join(root, program), "--help"]);
    const args = manifest.spec.template.spec.containers[0]?.args ?? [];
    expect(args[0]).toBe("run");
    for (const word of args.slice(1)) expect(help.stdout).toContain(word.split("=")[0]);
  });

  it("may do nothing but say who acts, by what is written", () => {
    const documents = parseAllDocuments(readFileSync(join(folder, "service-account.yaml"), "utf8"));
    const role = documents
      .map((each) => each.toJS() as { kind: string; rules?: unknown })
      .find(({ kind }) => kind === "ClusterRole");
    expect(role?.rules).toEqual([{ apiGroups: [""], resources: ["users", "groups"], verbs: ["impersonate"] }]);
  });

  it("is whole: every file is part of it, or an example", () => {
    const { resources } = parse(readFileSync(join(folder, "kustomization.yaml"), "utf8")) as { resources: string[] };
    expect([...resources, "kustomization.yaml", "levels.yaml"].sort()).toEqual(readdirSync(folder).sort());
  });
});

skipUnless(kubernetesMissing() === undefined, kubernetesNeed).describe("the agent in a real cluster", () => {
  let cluster: KubernetesServer;
  let home: TempDir;
  let server: Tidewaiter | undefined;
  let agent: NodeProcess | undefined;
  const admin = (...args: string[]) => kubectl(args, { kubeconfig: cluster.kubeconfig() });
  const ok = async (...args: string[]) => {
    const done = await admin(...args);
    expect(done.code, done.stderr).toBe(0);
    return done;
  };
  const newToken = async () => (await ok("create", "token", "tidewaiter-agent", "-n", "tidewaiter")).stdout.trim();
  /** kubectl as the account itself. */
  const account = async (...args: string[]) => {
    const path = join(home.path, "account");
    const user = { token: await newToken() };
    writeFileSync(path, kubeconfigText({ server: cluster.url, caPem: cluster.caPem, user }), { mode: 0o600 });
    return kubectl(args, { kubeconfig: path });
  };

  beforeAll(async () => {
    home = tempDir("deploy-kubernetes");
    cluster = await startKubernetes();
    await cluster.allow({ groups: ["tidewaiter:level:read"] }, { verbs: ["get", "list"], resources: ["namespaces"] });
  });
  afterAll(async () => {
    await agent?.stop();
    await server?.stop();
    await cluster?.stop();
    await home?.remove();
  });

  it("is applied without a warning, twice, and its pod keeps to the restricted standard", async () => {
    const applied = await ok("apply", "-k", folder);
    expect(applied.stderr).toBe("");
    expect(applied.stdout).toContain("deployment.apps/tidewaiter-agent created");
    expect((await ok("apply", "-k", folder)).stdout).not.toMatch(/created|configured/);
    const deployed = JSON.parse(
      (await ok("get", "deployment", "tidewaiter-agent", "-n", "tidewaiter", "-o", "json")).stdout,
    ) as Deployment;
    const { metadata, spec } = deployed.spec.template;
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { ...metadata, name: "agent" }, spec };
    const path = join(home.path, "pod.json");
    writeFileSync(path, JSON.stringify(pod));
    expect((await ok("create", "-n", "tidewaiter", "--dry-run=server", "-f", path)).stdout).toBe(
      "pod/agent created (server dry run)\n",
    );
    // the same without its restrictions is refused: the label is in force
    writeFileSync(path, JSON.stringify({ ...pod, spec: { ...spec, securityContext: {} } }));
    expect((await admin("create", "-n", "tidewaiter", "--dry-run=server", "-f", path)).stderr).toContain(
      'violates PodSecurity "restricted',
    );
    expect((await ok("apply", "-f", join(folder, "levels.yaml"))).stderr).toBe("");
  });

  it("may say who acts, and read nothing itself", async () => {
    const may = async (...args: string[]) => (await account("auth", "can-i", ...args)).stdout.trim();
    expect(await may("impersonate", "users")).toBe("yes");
    expect(await may("impersonate", "groups")).toBe("yes");
    const others = [
      "get secrets",
      "list pods",
      "get namespaces",
      "create pods",
      "impersonate serviceaccounts",
      "* *",
      "escalate clusterroles",
    ];
    for (const words of others)
      expect([words, await may(...words.split(" "), "--all-namespaces")]).toEqual([words, "no"]);
    const own = await account("get", "secrets", "-n", "tidewaiter");
    expect(own.code).toBe(1);
    expect(own.stderr).toContain(`User "${ACCOUNT}" cannot list resource "secrets"`);
    const person = await account("get", "ns", "-o", "name", "--as", "ana", "--as-group", "tidewaiter:level:read");
    expect(person.stdout).toContain("namespace/tidewaiter\n");
  });

  it("joins, and lends its own token to the gateway: the manifest's arguments and the example's documents", async () => {
    server = await startTidewaiter({
      target: { host: "127.0.0.1", port: 1, user: "nobody", database: "none" },
      serverArgs: ["--kubernetes", "127.0.0.1:0"],
    });
    const [file, mount, joinFile] = ["token", "state", "join-token"].map((name) => join(home.path, name)) as Paths;
    writeFileSync(file, `${await newToken()}\n`, { mode: 0o600 });
    // a volume with fsGroup: open to its group, which the agent would not take for its key
    mkdirSync(mount);
    chmodSync(mount, 0o2775);
    const made = (await server.api("POST", "/v1/agents/tokens", { name: "prod-cluster" })) as { token: string };
    writeFileSync(joinFile, made.token, { mode: 0o440 });
    /** What a path or an address of the cluster is on this machine. */
    const here = (text: string) =>
      Object.entries({
        "$(AGENT_NAME)": "prod-cluster",
        "$(SERVER_URL)": server?.baseUrl.replace(/^http/, "ws") ?? "",
        "/var/lib/tidewaiter-agent": mount,
        "/run/tidewaiter/join/token": joinFile,
        "/var/run/secrets/kubernetes.io/serviceaccount/token": file,
        "kubernetes.default.svc:443": `127.0.0.1:${cluster.port}`,
        "https://kubernetes.default.svc": cluster.url,
      }).reduce((all, [there, place]) => all.replaceAll(there, place), text);
    agent = spawnNode(join(root, "packages/agent/bin/tidewaiter-agent.js"), {
      args: (manifest.spec.template.spec.containers[0]?.args ?? []).map(here),
    });
    await agent.line(/connected/);
    const documents = ["people.yaml", "cluster.yaml"].map((name) => ({
      name,
      source: here(readFileSync(join(root, "deploy/examples", name), "utf8")).replace(
        `server: ${cluster.url}`,
        `server: ${cluster.url}\n  ca: ${JSON.stringify(cluster.caPem)}`,
      ),
    }));
    await server.api("POST", "/v1/apply", { documents, dryRun: false });
    const { endpoints } = (await server.api("GET", "/v1/me")) as {
      endpoints: { kubernetes: { host: string; port: number; caPem: string; domain: string } };
    };
    const { host, port, caPem, domain } = endpoints.kubernetes;
    const token = `ana~${(await secretOf(server)).secret}`;
    const config = JSON.parse(kubeconfigText({ server: `https://${host}:${port}`, caPem, user: { token } })) as {
      clusters: [{ cluster: Record<string, string> }];
    };
    config.clusters[0].cluster["tls-server-name"] = `prod-cluster.${domain}`;
    const path = join(home.path, "ana");
    writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
    const get = () => kubectl(["get", "ns", "-o", "name"], { kubeconfig: path });
    const first = await get();
    expect(first.code, first.stderr).toBe(0);
    // the account is made anew, as if its token had ended: what the gateway has is refused, what stands in the file is not
    await ok("delete", "serviceaccount", "tidewaiter-agent", "-n", "tidewaiter");
    await ok("apply", "-k", folder);
    writeFileSync(file, `${await newToken()}\n`);
    const second = await get();
    expect(second.code, second.stderr).toBe(0);
    const seen = cluster
      .auditLog()
      .filter(({ impersonatedUser }) => impersonatedUser?.username === "ana")
      .map(({ user }) => user.username);
    expect(new Set(seen)).toEqual(new Set([ACCOUNT]));
  });
});

/** For any resource, as a kubeconfig would have it. */
async function secretOf(server: Tidewaiter): Promise<{ secret: string }> {
  return (await server.api("POST", "/v1/connection-secrets", { resource: "prod-cluster" }, "ana")) as {
    secret: string;
  };
}
