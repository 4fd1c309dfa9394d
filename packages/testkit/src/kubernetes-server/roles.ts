import type { KubernetesCall } from "./call.ts";

export interface Permission {
  readonly verbs: readonly string[];
  readonly resources: readonly string[];
  /** Default the core group; `*` for all. */
  readonly apiGroups?: readonly string[];
  readonly resourceNames?: readonly string[];
  /** Default the whole cluster. */
  readonly namespace?: string;
}

export type Allow = (
  who: { readonly users?: readonly string[]; readonly groups?: readonly string[] },
  what: Permission,
) => Promise<void>;

const API = "/apis/rbac.authorization.k8s.io/v1";
const GROUP = "rbac.authorization.k8s.io";

export function createRoles(call: KubernetesCall): Allow {
  let made = 0;
  return async (who, what) => {
    const metadata = { name: `test-${++made}` };
    const { namespace, apiGroups = [""], ...rule } = what;
    const kind = namespace === undefined ? "ClusterRole" : "Role";
    const base = namespace === undefined ? API : `${API}/namespaces/${namespace}`;
    const path = `${base}/${kind.toLowerCase()}`;
    const subjects = [
      ...(who.users ?? []).map((name) => ({ kind: "User", apiGroup: GROUP, name })),
      ...(who.groups ?? []).map((name) => ({ kind: "Group", apiGroup: GROUP, name })),
    ];
    const apiVersion = `${GROUP}/v1`;
    await create(call, `${path}s`, { apiVersion, kind, metadata, rules: [{ apiGroups, ...rule }] });
    const roleRef = { apiGroup: GROUP, kind, name: metadata.name };
    await create(call, `${path}bindings`, { apiVersion, kind: `${kind}Binding`, metadata, subjects, roleRef });
  };
}

async function create(call: KubernetesCall, path: string, body: unknown): Promise<void> {
  const answer = await call("POST", path, { body });
  if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`);
}
