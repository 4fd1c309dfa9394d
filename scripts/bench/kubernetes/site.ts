import { writeFileSync } from "node:fs";
import { Agent } from "node:https";
import { join } from "node:path";
import {
  eventually,
  type KubernetesServer,
  kubeconfigText,
  startKubernetes,
  type TempDir,
  tempDir,
} from "@tidewaiter/testkit";
import { startTidewaiter, type Tidewaiter } from "@tidewaiter/testkit/tidewaiter";

export type RouteName = "direct" | "tidewaiter" | "masked";

/** One way to the same API server. */
export interface Route {
  readonly name: RouteName;
  readonly port: number;
  /** Of the client's connections, kept alive. */
  readonly agent: Agent;
  readonly token: string;
  readonly kubeconfig: string;
  /** Gateway and site agent; empty of the direct one. */
  readonly pids: readonly number[];
}

export interface BenchSite extends AsyncDisposable {
  readonly cluster: KubernetesServer;
  readonly routes: readonly Route[];
}

/** Looks inside of every object: names of variables and keys, and content detectors, none of which finds anything. */
const POLICY = {
  version: 1,
  labels: {
    "pii.email": { columns: ["*.pods.EMAIL", "*.configmaps.email"], detect: ["email"] },
    "pii.card": { detect: ["payment_card"] },
  },
  defaults: { unlabelled_text: "detect" },
};
const SERVER_NAME = "prod-cluster.kube.tidewaiter.internal";
const PERSON = "ana";
export const NAMESPACE = "bench";
const AT_ONCE = 50;

export async function startBenchSite(pods: number, say: (text: string) => void): Promise<BenchSite> {
  const running: { stop(): Promise<unknown> }[] = [];
  const stop = async (): Promise<void> => {
    for (const one of running.reverse()) await one.stop();
  };
  try {
    const files = tempDir("bench-kubernetes");
    running.push({ stop: () => files.remove() });
    say(`starting a cluster and making ${pods} pods`);
    const cluster = await startKubernetes({ users: { [PERSON]: [] } });
    running.push(cluster);
    await cluster.allow({ users: [PERSON] }, { verbs: ["*"], apiGroups: ["*"], resources: ["*"] });
    await makePods(cluster, pods);
    say("starting two gateways, one with a policy that looks inside of every object");
    const open = await startGateway(cluster);
    running.push(open);
    const masking = await startGateway(cluster, POLICY);
    running.push(masking);
    const routes = [
      directRoute(cluster),
      await gatewayRoute("tidewaiter", open, files),
      await gatewayRoute("masked", masking, files),
    ];
    return { cluster, routes, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function startGateway(cluster: KubernetesServer, policy?: object): Promise<Tidewaiter> {
  return startTidewaiter({
    target: { host: "127.0.0.1", port: 1, user: "nobody", database: "none" },
    kubernetes: { url: cluster.url, caPem: cluster.caPem, token: cluster.tokens.gateway ?? "" },
    principals: [{ name: PERSON, type: "user", level: "admin" }],
    ...(policy && { policies: [{ name: "policy.yaml", source: JSON.stringify(policy) }] }),
  });
}

function agentOf(port: number, ca: string, servername?: string): Agent {
  return new Agent({
    host: "127.0.0.1",
    port,
    ca,
    keepAlive: true,
    maxSockets: AT_ONCE,
    ...(servername && { servername }),
  });
}

function directRoute(cluster: KubernetesServer): Route {
  return {
    name: "direct",
    port: cluster.port,
    agent: agentOf(cluster.port, cluster.caPem),
    token: cluster.tokens[PERSON] ?? "",
    kubeconfig: cluster.kubeconfig(PERSON),
    pids: [],
  };
}

async function gatewayRoute(name: RouteName, gateway: Tidewaiter, files: TempDir): Promise<Route> {
  const { endpoints } = (await gateway.api("GET", "/v1/me", undefined, PERSON)) as {
    endpoints: { kubernetes: { caPem: string } };
  };
  const { caPem } = endpoints.kubernetes;
  const wanted = { resource: "prod-cluster", ttlSeconds: 3600 };
  const { secret } = (await gateway.api("POST", "/v1/connection-secrets", wanted, PERSON)) as { secret: string };
  const token = `${PERSON}/admin~${secret}`;
  const port = gateway.kubernetesPort;
  const config = JSON.parse(kubeconfigText({ server: `https://127.0.0.1:${port}`, caPem, user: { token } }));
  config.clusters[0].cluster["tls-server-name"] = SERVER_NAME;
  const kubeconfig = join(files.path, `${name}.kubeconfig`);
  writeFileSync(kubeconfig, JSON.stringify(config), { mode: 0o600 });
  const { server, agent } = gateway.pids;
  return { name, port, agent: agentOf(port, caPem, SERVER_NAME), token, kubeconfig, pids: [server, agent] };
}

/** About 3 kB each as JSON; containers without command are no processes. */
async function makePods({ call }: KubernetesServer, count: number): Promise<void> {
  await call("POST", "/api/v1/namespaces", { body: { metadata: { name: NAMESPACE } } });
  await call("POST", `/api/v1/namespaces/${NAMESPACE}/configmaps`, {
    body: { metadata: { name: "settings" }, data: { colour: "blue", size: "7" } },
  });
  const path = `/api/v1/namespaces/${NAMESPACE}/pods`;
  let made = 0;
  const some = async (): Promise<void> => {
    while (made < count) {
      const { status, text } = await call("POST", path, { body: pod(made++) });
      if (status !== 201) throw new Error(`POST ${path}: ${status} ${text}`);
    }
  };
  await Promise.all(Array.from({ length: 20 }, some));
  const running = `${path}?fieldSelector=status.phase%3DRunning`;
  const areRunning = async (): Promise<boolean> =>
    ((await call("GET", running)).json as { items: unknown[] }).items.length >= count;
  await eventually(areRunning, { within: 180_000, every: 1_000 });
}

function pod(index: number) {
  const labels = { app: `app-${index % 50}`, tier: "backend", "app.kubernetes.io/managed-by": "bench" };
  const env = Array.from({ length: 8 }, (_, each) => ({
    name: `SETTING_${each}`,
    value: `value ${each} of pod ${index}`,
  }));
  const resources = { requests: { cpu: "10m", memory: "16Mi" }, limits: { memory: "64Mi" } };
  return {
    metadata: { name: `pod-${String(index).padStart(5, "0")}`, labels, annotations: { note: `made for ${index}` } },
    spec: { containers: [{ name: "web", image: "registry.example/web:1.2.3", env, resources }] },
  };
}
