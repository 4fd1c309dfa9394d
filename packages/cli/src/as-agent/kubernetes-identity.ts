import { answer } from "../api/client.ts";
import { writePrivateFile } from "../config/private-file.ts";
import { gatewayToken } from "../kubernetes/exec-credential.ts";
import { clusterEntry } from "../kubernetes/our-context.ts";
import { type PrivateContext, privateKubeconfig } from "../kubernetes/private-kubeconfig.ts";
import type { AgentSite, ProtocolIdentity } from "./protocol-identity.ts";

/**
 * A kubeconfig with a context for each cluster that the delegation reaches, all with one secret: `kubectl --context
 * prod-cluster`, `prod-cluster@write`. Without any it is empty, so that the person's own is not used.
 */
export const kubernetesIdentity: ProtocolIdentity = {
  protocol: "kubernetes",
  async prepare(site) {
    const [file] = site.context.env.kubeconfigs;
    if (file === undefined) throw new Error("an agent's home has a kubeconfig");
    await writePrivateFile(file, privateKubeconfig(await contexts(site)));
    return { KUBECONFIG: file };
  },
};

async function contexts({ api, me, grants, ttlSeconds }: AgentSite): Promise<readonly PrivateContext[]> {
  const endpoint = me.endpoints.kubernetes;
  if (grants.length === 0 || endpoint === undefined) return [];
  const made = await answer(api.POST("/v1/connection-secrets", { body: { ttlSeconds } }));
  return grants.flatMap(({ resource, level }) => {
    const cluster = clusterEntry(endpoint, resource);
    const lowest = { name: resource, cluster, token: gatewayToken(made, undefined) };
    if (level === "read") return [lowest];
    return [lowest, { name: `${resource}@${level}`, cluster, token: gatewayToken(made, level) }];
  });
}
