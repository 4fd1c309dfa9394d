import type { KubeOperation } from "../operation.ts";
import type { EnvironmentField } from "./environment-field.ts";

function kubeField(type: string, description: string, read: (operation: KubeOperation) => unknown): EnvironmentField {
  return { type, description, read: ({ operation }) => (operation?.type === "kube" ? read(operation) : undefined) };
}

export const KUBE_FIELDS: Readonly<Record<string, EnvironmentField>> = {
  verb: kubeField(
    "string",
    "get, list, watch, create, update, patch, delete, deletecollection; exec, attach and portforward are `create`; of a path that is no resource the method in lower case",
    (o) => o.verb,
  ),
  group: kubeField("string", "API group, such as `apps`; empty: the core group", (o) => o.group),
  version: kubeField("string", "such as `v1`", (o) => o.version),
  resource: kubeField("string", "plural, such as `pods`; empty: a path that is no resource", (o) => o.resource),
  subresource: kubeField(
    "string",
    "such as `exec`; `typed`: a line typed in a terminal of exec or attach; empty otherwise",
    (o) => o.subresource,
  ),
  namespace: kubeField("string", "its namespace; of a namespace its name; empty: all, or none", (o) => o.namespace),
  // any object may be among them
  name: kubeField(
    "string",
    "name of the object; empty: all, or one that the server makes; unknown in `deletecollection`",
    (o) => (o.verb === "deletecollection" && o.name === "" ? undefined : o.name),
  ),
  path: kubeField("string", "path of the URL, without query", (o) => o.path),
  labels: kubeField(
    "map<string, string>",
    "labels of the object, as stored and as written; of a list empty: each of its objects is judged by itself",
    (o) => o.labels,
  ),
  dry_run: kubeField("bool", "nothing is stored", (o) => o.dryRun),
  container: kubeField("string", "of exec and attach; empty: the default one", (o) => o.container),
  command: kubeField("list<string>", "arguments of exec, the program first; empty otherwise", (o) => o.command),
  programs: kubeField(
    "list<string>",
    "programs that exec starts, without folder; unknown when it cannot be read",
    (o) => o.programs,
  ),
};
