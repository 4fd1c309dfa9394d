import { once } from "node:events";
import { writeFileSync } from "node:fs";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { request } from "node:https";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { buffer } from "node:stream/consumers";
import { createSecureContext } from "node:tls";
import type { AccessLevel, Principal, Protocol, TargetCredential } from "@tidewaiter/core";
import { KUBERNETES_DOMAIN } from "@tidewaiter/kubernetes/accept-client/choose-resource";
import { createKubernetesProtocol, type KubernetesOptions } from "@tidewaiter/kubernetes/serve";
import {
  type KubernetesOptions as ClusterOptions,
  type CommandResult,
  certificateAuthority,
  type KubectlOptions,
  type KubernetesServer,
  kubeconfigText,
  kubectl,
  startKubernetes,
  tempDir,
} from "@tidewaiter/testkit";
import { type Harness, startHarness } from "../gateway-harness.ts";

export const ANA: Principal = { id: "prn_ana", name: "ana", kind: "user", groups: ["developers"] };
export const RESOURCE = "prod";
/** Its TLS server name. */
export const SERVER_NAME = `${RESOURCE}.${KUBERNETES_DOMAIN}`;

type Run = (args: readonly string[], options?: Omit<KubectlOptions, "kubeconfig">) => Promise<CommandResult>;

export interface KubeWorld extends AsyncDisposable {
  readonly cluster: KubernetesServer;
  readonly gateway: Harness;
  /** kubectl as ana through the gateway. */
  readonly kubectl: Run;
  /** kubectl at the API server itself, as ana and her groups. */
  readonly direct: Run;
  /** kubectl at the API server as its administrator. */
  readonly admin: Run;
  /** Writes a kubeconfig for the gateway: another level, token or form of address. */
  kubeconfig(change?: {
    readonly level?: AccessLevel;
    readonly token?: string;
    readonly form?: "host" | "path";
  }): string;
  /** `LOGIN~SECRET`. */
  token(login?: string): string;
  /** One request to the gateway over a connection of its own, as ana with level write. */
  ask(path: string, request?: AskOptions): Promise<Asked>;
  readonly caPem: string;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
  /** Null: none. */
  readonly token?: string | null;
  /** Default the cluster's. */
  readonly servername?: string;
}

export interface Asked {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

/** A real API server behind the gateway's own parts, and kubectl with a token of ana's. */
export async function startWorld(
  policies: readonly { readonly name: string; readonly source: string }[],
  own: {
    readonly cluster?: ClusterOptions;
    readonly credential?: (cluster: KubernetesServer) => TargetCredential | Promise<TargetCredential>;
    readonly target?: Readonly<Record<string, unknown>>;
    readonly principals?: readonly Principal[];
    readonly options?: Partial<KubernetesOptions>;
    /** What ana may do in the cluster; default everything. */
    readonly powerless?: true;
  } = {},
): Promise<KubeWorld> {
  const principals = own.principals ?? [ANA];
  const users = Object.fromEntries(principals.map(({ name, groups }) => [name, groups]));
  const cluster = await startKubernetes({ ...own.cluster, users: { ...users, ...own.cluster?.users } });
  if (own.powerless === undefined)
    await cluster.allow({ users: ["ana"] }, { verbs: ["*"], apiGroups: ["*"], resources: ["*"] });
  const folder = tempDir("kube-client");
  const authority = await certificateAuthority("Gateway of the tests");
  const names = [`*.${KUBERNETES_DOMAIN}`, "127.0.0.1", "localhost"];
  const serving = await authority.issue({ commonName: "gateway", names, usage: "server" });
  const context = createSecureContext({ cert: serving.certPem, key: serving.keyPem });
  const protocol = createKubernetesProtocol({ secureContext: () => context, ...own.options });
  const credential = (await own.credential?.(cluster)) ?? {
    type: "token",
    username: "gateway",
    token: cluster.tokens.gateway ?? "",
  };
  const gateway = await startHarness({
    target: { port: cluster.port },
    database: "",
    policies,
    principals,
    other: {
      resource: RESOURCE,
      protocol: protocol as unknown as Protocol<never, Duplex>,
      target: {
        server: cluster.url,
        ca: cluster.caPem,
        identity: "person",
        userPrefix: "",
        groupPrefix: "",
        ...own.target,
      },
      credential,
    },
  });
  const token = (login = "ana/write"): string => `${login}~${gateway.secret}`;
  const ask: KubeWorld["ask"] = async (path, options = {}) => {
    const { method = "GET", headers = {}, body, token: said = token(), servername = SERVER_NAME } = options;
    const authorization = said === null ? {} : { authorization: `Bearer ${said}` };
    const where = { host: "127.0.0.1", port: gateway.port, ca: authority.caPem, servername, agent: false as const };
    const sent = request({
      ...where,
      path,
      method,
      headers: { ...authorization, ...(headers as Record<string, string>) },
    });
    sent.end(body);
    const [response]: IncomingMessage[] = await once(sent, "response");
    // a long body may be refused before it was sent
    sent.on("error", () => {});
    if (response === undefined) throw new Error("there was no answer");
    return { status: response.statusCode ?? 0, headers: response.headers, bytes: await buffer(response) };
  };
  let written = 0;
  const kubeconfig: KubeWorld["kubeconfig"] = ({ level = "write", form = "host", ...change } = {}) => {
    const config = JSON.parse(
      kubeconfigText({
        server: `https://127.0.0.1:${gateway.port}${form === "path" ? `/kube/${RESOURCE}` : ""}`,
        caPem: authority.caPem,
        user: { token: change.token ?? token(`ana/${level}`) },
      }),
    );
    if (form === "host") config.clusters[0].cluster["tls-server-name"] = SERVER_NAME;
    const path = join(folder.path, `${++written}.kubeconfig`);
    writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
    return path;
  };
  const through = kubeconfig();
  const asAna = cluster.kubeconfig("ana");
  const asAdmin = cluster.kubeconfig("admin");
  const run =
    (path: string): Run =>
    (args, options) =>
      kubectl(args, { kubeconfig: path, ...options });
  return {
    cluster,
    gateway,
    kubectl: run(through),
    direct: run(asAna),
    admin: run(asAdmin),
    kubeconfig,
    token,
    ask,
    caPem: authority.caPem,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await cluster.stop();
      await folder.remove();
    },
  };
}
