import { type KubernetesServer, startKubernetes } from "@tidewaiter/testkit";

/** What the Secret of the story holds; whoever sees it, the gateway has failed. */
export const SECRET_VALUE = "tide-4711-canary";

/** The cluster knows levels of the gateway as groups: its own roles decide what each may do. */
const ROLES = {
  read: ["get", "list", "watch"],
  write: ["*"],
  admin: ["*"],
} as const;

/**
 * The API server of the tests with a namespace `prod`: a Secret, and a pod that is a process of an unprivileged user of this
 * machine (what runs pods is a double).
 */
export async function startCluster(say: (text: string) => void): Promise<KubernetesServer> {
  say("starting a cluster (kube-apiserver, etcd) with a Secret and a pod");
  const cluster = await startKubernetes();
  try {
    for (const [level, verbs] of Object.entries(ROLES))
      await cluster.allow({ groups: [`tidewaiter:level:${level}`] }, { verbs, apiGroups: ["*"], resources: ["*"] });
    for (const [path, body] of OBJECTS) {
      const { status } = await cluster.call("POST", path, { body });
      if (status !== 201) throw new Error(`the cluster answered ${status} to POST ${path}`);
    }
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

const metadata = (name: string) => ({ name, labels: { app: "shop" } });
const OBJECTS = [
  ["/api/v1/namespaces", { metadata: metadata("prod") }],
  [
    "/api/v1/namespaces/prod/secrets",
    { metadata: metadata("db"), stringData: { username: "shop", password: SECRET_VALUE } },
  ],
  [
    "/api/v1/namespaces/prod/pods",
    { metadata: metadata("web-1"), spec: { containers: [{ name: "web", image: "web", command: ["sleep", "1d"] }] } },
  ],
] as const;

/** The example file, whose agent runs in the cluster, with the agent and address of this one; its credential is set apart. */
export function clusterDocument(example: string, { url, caPem }: KubernetesServer): string {
  return example
    .replace("agent: prod-cluster", "agent: site")
    .replace(/^ {2}server: .*$/m, `  server: ${url}\n  ca: ${JSON.stringify(caPem)}`)
    .replace(/^credentials:\n(?: .*\n)+/m, "");
}
