/** A type of object that every cluster has, as its API names it. */
export interface KubeType {
  readonly group: string;
  readonly version: string;
  /** Plural, as in paths. */
  readonly resource: string;
  readonly namespaced: boolean;
}

/** Group and version, then plurals with their short names behind `=`, as `kubectl api-resources` of Kubernetes 1.33 lists them. */
const NAMESPACED: Readonly<Record<string, string>> = {
  v1: "bindings configmaps=cm endpoints=ep events=ev limitranges=limits persistentvolumeclaims=pvc pods=po podtemplates replicationcontrollers=rc resourcequotas=quota secrets serviceaccounts=sa services=svc",
  "apps/v1": "controllerrevisions daemonsets=ds deployments=deploy replicasets=rs statefulsets=sts",
  "authorization.k8s.io/v1": "localsubjectaccessreviews",
  "autoscaling/v2": "horizontalpodautoscalers=hpa",
  "batch/v1": "cronjobs=cj jobs",
  "coordination.k8s.io/v1": "leases",
  "discovery.k8s.io/v1": "endpointslices",
  "networking.k8s.io/v1": "ingresses=ing networkpolicies=netpol",
  "policy/v1": "poddisruptionbudgets=pdb",
  "rbac.authorization.k8s.io/v1": "rolebindings roles",
  "storage.k8s.io/v1": "csistoragecapacities",
};
const CLUSTER_WIDE: Readonly<Record<string, string>> = {
  v1: "componentstatuses=cs namespaces=ns nodes=no persistentvolumes=pv",
  "admissionregistration.k8s.io/v1":
    "mutatingwebhookconfigurations validatingadmissionpolicies validatingadmissionpolicybindings validatingwebhookconfigurations",
  "apiextensions.k8s.io/v1": "customresourcedefinitions=crd,crds",
  "apiregistration.k8s.io/v1": "apiservices",
  "authentication.k8s.io/v1": "selfsubjectreviews tokenreviews",
  "authorization.k8s.io/v1": "selfsubjectaccessreviews selfsubjectrulesreviews subjectaccessreviews",
  "certificates.k8s.io/v1": "certificatesigningrequests=csr",
  "networking.k8s.io/v1": "ingressclasses",
  "node.k8s.io/v1": "runtimeclasses",
  "rbac.authorization.k8s.io/v1": "clusterrolebindings clusterroles",
  "scheduling.k8s.io/v1": "priorityclasses=pc",
  "storage.k8s.io/v1": "csidrivers csinodes storageclasses=sc volumeattachments",
};

const byName = new Map<string, KubeType>();

function add(table: Readonly<Record<string, string>>, namespaced: boolean): void {
  for (const [groupVersion, list] of Object.entries(table)) {
    const [version = "", group = ""] = groupVersion.split("/").reverse();
    for (const entry of list.split(" ")) {
      const [resource = "", short = ""] = entry.split("=");
      const type: KubeType = { group, version, resource, namespaced };
      const names = [resource, singular(resource), ...short.split(",")];
      for (const name of names) if (name !== "") byName.set(name, type);
    }
  }
}
add(CLUSTER_WIDE, false);
add(NAMESPACED, true);

function singular(plural: string): string {
  if (plural === "endpoints") return plural;
  if (plural.endsWith("ies")) return `${plural.slice(0, -3)}y`;
  return plural.endsWith("sses") || plural.endsWith("uses") ? plural.slice(0, -2) : plural.slice(0, -1);
}

/** By plural, singular or short name, in any case; undefined for what is not Kubernetes' own. */
export function kubeType(name: string): KubeType | undefined {
  return byName.get(name.toLowerCase());
}

/** For suggestions. */
export function kubeTypeNames(): Iterable<string> {
  return byName.keys();
}
