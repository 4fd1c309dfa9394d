import type { KubeOperation } from "../operation.ts";

/**
 * Carried by the values of every Kubernetes Secret, wherever they show. No policy needs to define it: then they are masked with
 * the constant. One that defines it, without columns, names or detectors, may say for whom they are masked how, or shown.
 */
export const KUBE_SECRET = "kube.secret";

/** Labels of what a request may read or write: Secrets, and tokens that are made for service accounts. */
export function kubeLabels({ group, resource, subresource }: KubeOperation): readonly string[] {
  const isSecret = resource === "secrets" || (resource === "serviceaccounts" && subresource === "token");
  return group === "" && isSecret ? [KUBE_SECRET] : [];
}
