import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { signedInName } from "../../config/profiles.ts";
import { storedProfile } from "../../create-context.ts";
import { CliError } from "../../errors.ts";
import { parseLevel } from "../../input/access-level.ts";
import { parseDuration } from "../../input/duration.ts";
import { changeKubeconfigs, kubeconfigPaths } from "../../kubernetes/kubeconfig-files.ts";
import { kubernetesEndpoint } from "../../kubernetes/kubernetes-endpoint.ts";
import { clusterEntry, clusterEntryByPath, writeOurContext } from "../../kubernetes/our-context.ts";
import { checkGrant } from "../../postgres/open-connection.ts";
import { parseCluster } from "./parse-cluster.ts";

interface Options {
  readonly level?: string;
  readonly ttl?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly path?: boolean;
  readonly setCurrent: boolean;
}

export const login = defineCommand<[resource: string], Options>({
  summary: "Let kubectl, helm and client libraries reach a cluster: adds a context to your kubeconfig",
  configure: (command) =>
    command
      .argument("<resource>", "the cluster")
      .option("--level <level>", "read, write or admin; default: the lowest that you have")
      .option("--context <name>", "name of the context; default: RESOURCE, or RESOURCE@LEVEL")
      .option("--ttl <duration>", "how long each new secret is good for; default: as the resource has it, else 8h")
      .option("--kubeconfig <file>", "the file to write; default: as kubectl has it (KUBECONFIG, ~/.kube/config)")
      .option("--path", "reach it by a path in place of a TLS server name, for clients that cannot set that")
      .option("--set-current", "make it the current context (default)", true)
      .option("--no-set-current", "leave the current context as it is"),
  examples: [
    "tw kube login prod-cluster                   then: kubectl get ns",
    "tw kube login prod-cluster --level write     context prod-cluster@write",
    "tw kube login prod-cluster --context prod --no-set-current",
  ],
  notes:
    "Everything else in the kubeconfig stays as it is, comments too. There is no secret in it: kubectl asks for one by\n" +
    "`tw kube token`. Running it again renews the entries and keeps the namespace that you chose.",
  run: async (context, options, name) => {
    const resource = parseCluster(name);
    const level = options.level === undefined ? undefined : parseLevel(options.level);
    const { ttl } = options;
    if (ttl !== undefined) parseDuration(ttl, "--ttl");
    const contextName = options.context ?? (level === undefined ? resource : `${resource}@${level}`);
    checkContextName(contextName);
    const found = await checkGrant(context, { resource, level });
    if (found.protocol !== "kubernetes") {
      throw new CliError("usage", `${resource} is no cluster: its protocol is ${found.protocol}`, {
        next: "tw kube ls",
      });
    }
    const me = await answer((await context.api()).GET("/v1/me"));
    const endpoint = kubernetesEndpoint(me);
    const cluster = options.path
      ? clusterEntryByPath(endpoint, me.endpoints.postgres.caPem, resource)
      : clusterEntry(endpoint, resource);
    const profile = signedInName(await storedProfile(context));
    const paths = kubeconfigPaths(context, options.kubeconfig);
    const wanted = { context: contextName, resource, level, ttl, profile };
    const kubeconfig = await changeKubeconfigs(paths, (files) => {
      const file = writeOurContext(files, context, wanted, cluster);
      if (options.setCurrent) files.setCurrentContext(contextName);
      return file;
    });
    const current = options.setCurrent;
    const { server } = cluster;
    context.output.result({ context: contextName, resource, level: level ?? null, server, kubeconfig, current }, () => [
      `Written: context ${contextName} in ${kubeconfig}.`,
      `Now: kubectl ${current ? "" : `--context ${contextName} `}get namespaces`,
    ]);
    return undefined;
  },
});

function checkContextName(name: string): void {
  if (/^[^\s"'\\]{1,200}$/.test(name)) return;
  throw new CliError("usage", `"${name}" cannot be the name of a context`, { why: "no spaces, quotes or backslash" });
}
