import { answer } from "../api/client.ts";
import { makeSecret } from "../connection-secret/make-secret.ts";
import type { CommandContext } from "../context.ts";
import { CliError } from "../errors.ts";
import { checkGrant, type Wanted } from "../postgres/open-connection.ts";
import { gatewayToken } from "./exec-credential.ts";
import { kubernetesEndpoint } from "./kubernetes-endpoint.ts";
import { clusterEntry } from "./our-context.ts";
import type { PrivateContext } from "./private-kubeconfig.ts";

export interface OpenedCluster {
  readonly context: PrivateContext;
  readonly secretId: string;
}

/** Makes a connection secret for a cluster, and a context that holds it. */
export async function openCluster(context: CommandContext, wanted: Wanted, name: string): Promise<OpenedCluster> {
  const { resource, level, database } = wanted;
  if (database !== undefined)
    throw new CliError("usage", `${resource} is a cluster: there is no ${resource}/${database}`);
  if (wanted.forPrincipal === undefined) await checkGrant(context, wanted);
  const endpoint = kubernetesEndpoint(await answer((await context.api()).GET("/v1/me")));
  const made = await makeSecret(context, wanted);
  const cluster = clusterEntry(endpoint, resource);
  return { context: { name, cluster, token: gatewayToken(made, level) }, secretId: made.id };
}
