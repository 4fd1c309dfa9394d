import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { eventually, type KubernetesServer, kubectlEnvironment, startKubernetes, tempDir } from "@tidewaiter/testkit";
import { startTidewaiter, type Tidewaiter } from "@tidewaiter/testkit/tidewaiter";
import { runTw } from "../../story/tw.ts";
import type { Endpoint, Site } from "../matrix.ts";

/** Values of the Secret, which are seen nowhere, and of a ConfigMap, which are not seen where they are labelled. */
export const SECRETS = ["canary-of-the-password", "canary-of-the-token"];
export const LABELLED = "ann@hidden.example";
export const MASKED = "<masked by tidewaiter>";
/** Shows what Helm keeps, and no other Secret. */
const POLICY = {
  version: 1,
  labels: { "pii.email": { columns: ["*.configmaps.email"] }, "kube.secret": {} },
  rules: [
    { id: "kept", when: 'kube.verb == "delete" && kube.name == "kept"', deny: "what is kept is not deleted" },
    {
      id: "secrets-but-releases",
      mask: { "kube.secret": "constant" },
      unless: 'kube.name.startsWith("sh.helm.release.v1.")',
    },
  ],
};
const NAMESPACE = "shop";
const PERSON = "ana";
const LOG = "echo one; echo two; echo three; exec sleep 1d";

/** The same person everywhere; the cluster lets her do everything. */
export async function startKubernetesSite(): Promise<Site> {
  const files = tempDir("kube-clients");
  const cluster = await startKubernetes({ users: { [PERSON]: [] } });
  await cluster.allow({ users: [PERSON] }, { verbs: ["*"], apiGroups: ["*"], resources: ["*"] });
  const open = await gateway(cluster);
  const masking = await gateway(cluster, POLICY);
  return {
    direct: endpoint(cluster.kubeconfig(PERSON)),
    through: await logIn(open, join(files.path, "through")),
    labelled: await logIn(masking, join(files.path, "labelled")),
    reset: () => reset(cluster),
    async [Symbol.asyncDispose]() {
      await open.stop();
      await masking.stop();
      await cluster.stop();
      await files.remove();
    },
  };
}

function endpoint(kubeconfig: string): Endpoint {
  return { ...kubectlEnvironment(kubeconfig), CLIENT_NAMESPACE: NAMESPACE };
}

function gateway(cluster: KubernetesServer, policy?: object): Promise<Tidewaiter> {
  return startTidewaiter({
    target: { host: "127.0.0.1", port: 1, user: "nobody", database: "none" },
    kubernetes: { url: cluster.url, caPem: cluster.caPem, token: cluster.tokens.gateway ?? "" },
    principals: [{ name: PERSON, type: "user", level: "admin" }],
    ...(policy && { policies: [{ name: "labels.yaml", source: JSON.stringify(policy) }] }),
  });
}

/** The kubeconfigs that `tw kube login` writes: whatever client reads them asks the CLI for its token. */
async function logIn(server: Tidewaiter, folder: string): Promise<Endpoint> {
  mkdirSync(folder);
  const kubeconfig = join(folder, "config");
  const byPath = join(folder, "by-path");
  const login = ["kube", "login", "prod-cluster", "--level", "admin", "--kubeconfig"];
  const steps = [
    ["login", "--server", server.baseUrl, "--as", PERSON, "--password-stdin"],
    [...login, kubeconfig],
    [...login, byPath, "--path"],
  ];
  for (const step of steps) {
    const { code, stderr } = await runTw(join(folder, "tw"), step, `${server.userPassword}\n`);
    if (code !== 0) throw new Error(`tw ${step[0]} failed: ${stderr}`);
  }
  return { ...endpoint(kubeconfig), CLIENT_KUBECONFIG_BY_PATH: byPath };
}

async function reset({ call }: KubernetesServer): Promise<void> {
  const place = `/api/v1/namespaces/${NAMESPACE}`;
  await call("DELETE", place);
  await eventually(async () => (await call("GET", place)).status === 404, { within: 30_000 });
  const make = async (path: string, body: object): Promise<void> => {
    const { status, text } = await call("POST", path, { body });
    if (status !== 201) throw new Error(`POST ${path}: ${status} ${text}`);
  };
  await make("/api/v1/namespaces", { metadata: { name: NAMESPACE } });
  const [password, token] = SECRETS;
  await make(`${place}/secrets`, {
    metadata: { name: "db", labels: { app: "shop" } },
    stringData: { password, token },
    type: "example.com/login",
  });
  await make(`${place}/configmaps`, {
    metadata: { name: "settings", labels: { app: "shop" } },
    data: { colour: "blue", email: LABELLED },
  });
  await make(`/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`, { metadata: { name: "kept" } });
  await make(`${place}/configmaps`, { metadata: { name: "contact" }, data: { email: LABELLED } });
  for (let page = 1; page <= 25; page++)
    await make(`${place}/configmaps`, {
      metadata: { name: `page-${String(page).padStart(2, "0")}`, labels: { set: "pages" } },
      data: { page: String(page) },
    });
  await make(`${place}/pods`, {
    metadata: { name: "web-1", labels: { app: "shop" } },
    spec: { containers: [{ name: "web", image: "web", command: ["sh", "-c", LOG] }] },
  });
  await eventually(async () => (await call("GET", `${place}/pods/web-1/log`)).text.includes("three"), {
    within: 20_000,
  });
}
