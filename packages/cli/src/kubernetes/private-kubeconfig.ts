import type { ClusterEntry } from "./our-context.ts";

/** A context of a kubeconfig that holds its token: for one program, which ends before the secret does. */
export interface PrivateContext {
  readonly name: string;
  readonly cluster: ClusterEntry;
  readonly token: string;
}

/** A whole kubeconfig; the first context is the current one. JSON is YAML. */
export function privateKubeconfig(contexts: readonly PrivateContext[]): string {
  const [first] = contexts;
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: contexts.map(({ name, cluster }) => ({ name, cluster })),
    users: contexts.map(({ name, token }) => ({ name, user: { token } })),
    contexts: contexts.map(({ name }) => ({ name, context: { cluster: name, user: name } })),
    ...(first !== undefined && { "current-context": first.name }),
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
