import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { certificateAuthority, type PemCertificate } from "../certificates.ts";
import { tempDir } from "../temp-dir.ts";
import { type AuditEvent, auditPolicy, readAuditLog } from "./audit.ts";
import { createCall, type KubernetesCall } from "./call.ts";
import { kubernetesMissing, kubernetesPrograms } from "./installation.ts";
import { createKubeconfigs, type Kubeconfigs } from "./kubeconfig.ts";
import { createRoles, type Permission } from "./roles.ts";
import { startServer } from "./server-process.ts";

export interface KubernetesOptions {
  /** More users with a token each: groups by name, e.g. `{ ana: ["developers"] }`. They may do nothing until `allow`. */
  readonly users?: Readonly<Record<string, readonly string[]>>;
  /** `Request` also has the bodies of requests in the audit log. Default `Metadata`. */
  readonly auditLevel?: "Metadata" | "Request" | "RequestResponse";
  /** Flags of kube-apiserver besides the fixture's own. */
  readonly apiserverFlags?: readonly string[];
}

/**
 * A cluster of one real API server (etcd, RBAC, audit; anonymous requests refused; no controller manager) and a **double** of
 * scheduler, kubelet and container runtime behind it. A container is a process of this machine, in a folder of its own, without
 * image, volumes or isolation; one without command has no process. `kubernetes/kubeletdouble` says the rest.
 */
export interface KubernetesServer extends AsyncDisposable, Kubeconfigs {
  readonly host: "127.0.0.1";
  readonly port: number;
  readonly url: string;
  /** Of the server's certificate, and of client certificates. */
  readonly caPem: string;
  /** Of user `admin`, who is in `system:masters`. */
  readonly adminToken: string;
  /**
   * By user: `admin`, `gateway` (may impersonate users and groups, nothing else) and those of the options. No token of a service
   * account: `kubectl create token` makes these.
   */
  readonly tokens: Readonly<Record<string, string>>;
  /** A certificate that logs in as a user; names are not checked against anything. */
  clientCertificate(user: string, groups?: readonly string[]): Promise<PemCertificate>;
  /** What the API server audited so far; its own requests and the double's are left out. An answer may come before its line. */
  auditLog(): AuditEvent[];
  /** One HTTP request to the API. */
  readonly call: KubernetesCall;
  /** Makes a role of these permissions and binds users or groups to it. */
  allow(
    who: { readonly users?: readonly string[]; readonly groups?: readonly string[] },
    what: Permission,
  ): Promise<void>;
  /** What the server wrote to stderr. */
  readonly log: () => string;
  readonly pid: number;
  /** Ends the server and every process of its pods; deletes all. Safe to call twice. */
  stop(): Promise<void>;
}

/** The name that `kubeletdouble` asks of the API server's client certificate. */
const API_SERVER = "kube-apiserver";

/** Starts a cluster on a free port of 127.0.0.1, in 2 to 4 s. It needs 300 MB of memory. */
export async function startKubernetes(options: KubernetesOptions = {}): Promise<KubernetesServer> {
  const missing = kubernetesMissing();
  if (missing !== undefined) throw new Error(`not on this machine: ${missing}`);
  const folder = tempDir("kubernetes");
  const path = (name: string): string => join(folder.path, name);
  const authority = await certificateAuthority("Kubernetes of the tests");
  const serving = await authority.issue({
    commonName: "kubernetes",
    names: ["127.0.0.1", "localhost"],
    usage: "server",
  });
  const toKubelet = await authority.issue({ commonName: API_SERVER, usage: "client" });
  const users = { admin: ["system:masters"], gateway: [], ...options.users };
  const tokens = Object.fromEntries(Object.keys(users).map((name) => [name, newToken()]));
  const doubleToken = newToken();
  const lines = Object.entries({ ...users, "kubelet-double": ["system:masters"] }).map(
    ([name, groups], index) => `${tokens[name] ?? doubleToken},${name},${index},"${groups.join(",")}"`,
  );
  const files = {
    "ca.pem": authority.caPem,
    "server.pem": serving.certPem,
    "server.key": serving.keyPem,
    "apiserver-client.pem": toKubelet.certPem,
    "apiserver-client.key": toKubelet.keyPem,
    "tokens.csv": `${lines.join("\n")}\n`,
    "double.token": doubleToken,
    "audit-policy.yaml": auditPolicy(options.auditLevel ?? "Metadata"),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(path(name), text, { mode: 0o600 });
  mkdirSync(path("clients"));
  const server = await startServer(kubernetesPrograms().server, folder.path, options.apiserverFlags ?? []).catch(
    async (error: unknown) => {
      await folder.remove();
      throw error;
    },
  );
  const { port } = server;
  const adminToken = tokens.admin ?? "";
  const call = createCall({ port, caPem: authority.caPem, token: adminToken });
  const allow = createRoles(call);
  const stop = async (): Promise<void> => {
    await server.stop();
    await folder.remove();
  };
  const clientCertificate = (user: string, groups: readonly string[] = []) =>
    authority.issue({ commonName: user, organizations: groups, usage: "client" });
  try {
    await allow({ users: ["gateway"] }, { verbs: ["impersonate"], resources: ["users", "groups"] });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    host: "127.0.0.1",
    port,
    url: `https://127.0.0.1:${port}`,
    caPem: authority.caPem,
    adminToken,
    tokens,
    clientCertificate,
    auditLog: () => (existsSync(path("audit.log")) ? readAuditLog(readFileSync(path("audit.log"), "utf8")) : []),
    call,
    allow,
    ...createKubeconfigs({ folder: path("clients"), port, caPem: authority.caPem, tokens }),
    log: server.log,
    pid: server.pid,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function newToken(): string {
  return randomBytes(24).toString("base64url");
}
