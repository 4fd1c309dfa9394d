import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { AccessLevel } from "../api/shapes.ts";
import type { CommandContext } from "../context.ts";
import { CliError } from "../errors.ts";
import type { ChangingFiles, KubeconfigFiles } from "./kubeconfig-files.ts";

const CLI = fileURLToPath(new URL("../../bin/tidewaiter.js", import.meta.url));
/** Clusters and users of ours in a kubeconfig: this and the context's name. */
const PREFIX = "tidewaiter-";

/** A context of a kubeconfig that leads through the gateway. */
export interface OurContext {
  readonly context: string;
  readonly resource: string;
  readonly level: string | undefined;
  /** Undefined: whoever the environment says. */
  readonly profile: string | undefined;
}

/** What a context is made of. */
export interface Wanted {
  readonly context: string;
  readonly resource: string;
  readonly level: AccessLevel | undefined;
  readonly ttl: string | undefined;
  /** Absent for whoever comes with an API key. */
  readonly profile: string | undefined;
}

/** How a kubeconfig reaches the cluster: by TLS server name, or by a path below the gateway's own name. */
export interface ClusterEntry {
  readonly server: string;
  readonly "tls-server-name"?: string;
  readonly "certificate-authority-data"?: string;
}

export function clusterEntry(
  endpoint: { readonly host: string; readonly port: number; readonly caPem: string; readonly domain: string },
  resource: string,
): ClusterEntry {
  return {
    server: `https://${authority(endpoint)}`,
    "tls-server-name": `${resource}.${endpoint.domain}`,
    "certificate-authority-data": Buffer.from(endpoint.caPem).toString("base64"),
  };
}

/** For clients that know no `tls-server-name`. `caPem`: of the certificate for the host itself; absent: one that everybody trusts. */
export function clusterEntryByPath(
  endpoint: { readonly host: string; readonly port: number },
  caPem: string | undefined,
  resource: string,
): ClusterEntry {
  return {
    server: `https://${authority(endpoint)}/kube/${resource}`,
    ...(caPem !== undefined && { "certificate-authority-data": Buffer.from(caPem).toString("base64") }),
  };
}

function authority({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/**
 * A user of a kubeconfig whose token kubectl asks us for (Kubernetes, "client-go credential plugins"). The program is
 * named by its whole path: kubectl may be started by something with another PATH.
 */
function userEntry({ env, apiKeyFile, cwd }: CommandContext, wanted: Wanted): object {
  const { resource, level, ttl, profile } = wanted;
  const keyFile = apiKeyFile ?? env.variables.TIDEWAITER_API_KEY_FILE;
  const who =
    profile !== undefined
      ? ["--profile", profile]
      : keyFile
        ? ["--api-key-file", isAbsolute(keyFile) ? keyFile : join(cwd, keyFile)]
        : [];
  const args = [CLI, "kube", "token", resource, ...(level ? ["--level", level] : []), ...(ttl ? ["--ttl", ttl] : [])];
  const variables = {
    ...(env.configDir !== join(env.home, ".config", "tidewaiter") && { TIDEWAITER_CONFIG_DIR: env.configDir }),
    ...(profile === undefined &&
      env.variables.TIDEWAITER_SERVER && { TIDEWAITER_SERVER: env.variables.TIDEWAITER_SERVER }),
  };
  return {
    exec: {
      apiVersion: "client.authentication.k8s.io/v1",
      command: process.execPath,
      args: [...args, ...who],
      env: Object.entries(variables).map(([name, value]) => ({ name, value })),
      interactiveMode: "IfAvailable",
      installHint: "The Tidewaiter CLI that wrote this context is gone. Run `tw kube login` again.",
    },
  };
}

/** Adds or renews a context; the file that has it now. @throws CliError `conflict` when the name is somebody else's */
export function writeOurContext(
  files: ChangingFiles,
  context: CommandContext,
  wanted: Wanted,
  cluster: ClusterEntry,
): string {
  const { context: name, profile } = wanted;
  const own = `${PREFIX}${name}`;
  const known = ourContexts(files).find((each) => each.context === name);
  if (known === undefined && files.has("contexts", name)) throw taken(name, "it is not one of ours");
  if (known !== undefined && known.profile !== profile)
    throw taken(name, `it is one of ours, for profile ${known.profile ?? "of an API key"}`);
  files.set("clusters", own, cluster);
  files.set("users", own, userEntry(context, wanted));
  // somebody may have chosen a namespace for it
  return files.merge("contexts", name, { cluster: own, user: own });
}

function taken(name: string, why: string): CliError {
  return new CliError("conflict", `there is a context ${name} already`, {
    why,
    next: "Choose another name: tw kube login RESOURCE --context NAME",
  });
}

/** Every context whose user asks us for its token. */
export function ourContexts(files: KubeconfigFiles): readonly OurContext[] {
  return files.names("contexts").flatMap((context) => {
    const { user } = record(files.get("contexts", context));
    if (typeof user !== "string" || !user.startsWith(PREFIX)) return [];
    const found = tokenCall(files.get("users", user));
    return found === undefined ? [] : [{ context, ...found }];
  });
}

/** Takes them out with their users and clusters, as far as no other context names these. */
export function removeOurContexts(files: ChangingFiles, contexts: readonly string[]): void {
  const entries = contexts.map((name) => ({ name, ...record(files.get("contexts", name)) }));
  const { currentContext } = files;
  for (const { name } of entries) files.remove("contexts", name);
  const left = files.names("contexts").map((name) => record(files.get("contexts", name)));
  for (const [list, key] of [
    ["users", "user"],
    ["clusters", "cluster"],
  ] as const) {
    const named = new Set(left.map((each) => each[key]));
    for (const entry of entries) {
      const value = entry[key as keyof typeof entry];
      if (typeof value === "string" && value.startsWith(PREFIX) && !named.has(value)) files.remove(list, value);
    }
  }
  if (currentContext !== undefined && contexts.includes(currentContext)) files.setCurrentContext(undefined);
}

function tokenCall(user: unknown): Omit<OurContext, "context"> | undefined {
  const { args } = record(record(user).exec);
  if (!Array.isArray(args)) return undefined;
  const at = args.findIndex((word, index) => word === "kube" && args[index + 1] === "token");
  const resource: unknown = at < 0 ? undefined : args[at + 2];
  if (typeof resource !== "string") return undefined;
  const after = (option: string): string | undefined => {
    const value: unknown = args.includes(option) ? args[args.indexOf(option) + 1] : undefined;
    return typeof value === "string" ? value : undefined;
  };
  return { resource, level: after("--level"), profile: after("--profile") };
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
