import type { KubeOperation } from "../operation.ts";
import { closest, didYouMean } from "../policy/suggest.ts";
import { type KubeType, kubeType, kubeTypeNames } from "./kube-types.ts";
import { lineOf } from "./words.ts";
import { quoted, refuse, type WrittenProblem, type WrittenResult } from "./written-result.ts";

/** A request to the Kubernetes API as it was written, complete: what was left out is filled in. */
export type WrittenKube = Omit<KubeOperation, "type" | "programs" | "writesMask" | "launders" | "unread">;

/** The same before anything is filled in; keys as rules name them. */
export interface KubeInput {
  readonly verb: string;
  readonly group?: string | undefined;
  readonly version?: string | undefined;
  readonly resource?: string | undefined;
  readonly subresource?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly path?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly dry_run?: boolean | undefined;
  readonly container?: string | undefined;
  readonly command?: readonly string[] | undefined;
}

export const RESOURCE_VERBS = [
  "get",
  "list",
  "watch",
  "create",
  "update",
  "patch",
  "delete",
  "deletecollection",
] as const;
export const PATH_VERBS = ["get", "head", "post", "put", "patch", "delete", "options"] as const;
/** They speak of one object. */
const OF_ONE: ReadonlySet<string> = new Set(["get", "update", "patch", "delete"]);
const OF_ALL: ReadonlySet<string> = new Set(["list", "watch", "deletecollection"]);
const STREAMS: ReadonlySet<string> = new Set(["exec", "attach", "portforward"]);
const VERSION = /^v[0-9]+((alpha|beta)[0-9]+)?$/;

/** Fills in what the API would know, and refuses what it could not be asked. */
export function completeKube(input: KubeInput): WrittenResult<WrittenKube> {
  return input.path === undefined ? completeResource(input) : completePath(input, input.path);
}

function completePath(input: KubeInput, path: string): WrittenResult<WrittenKube> {
  const beside = (
    ["group", "version", "resource", "subresource", "namespace", "name", "labels", "container", "command"] as const
  ).find((key) => input[key] !== undefined);
  if (beside !== undefined) return refuse(`${beside} means nothing beside a path`, { key: beside });
  const verb = input.verb.toLowerCase();
  if (!(PATH_VERBS as readonly string[]).includes(verb)) {
    const hint = `of a path that is no resource write ${PATH_VERBS.join(", ")}`;
    return refuse(`${quoted(input.verb)} is no method`, { key: "verb", hint });
  }
  if (!path.startsWith("/")) return refuse(`path ${quoted(path)} does not begin with "/"`, { key: "path" });
  return done({ ...EMPTY, verb, path, dryRun: input.dry_run ?? false });
}

const EMPTY: WrittenKube = {
  verb: "",
  group: "",
  version: "",
  resource: "",
  subresource: "",
  namespace: "",
  name: "",
  path: "",
  labels: undefined,
  dryRun: false,
  container: "",
  command: [],
};

function completeResource(input: KubeInput): WrittenResult<WrittenKube> {
  if (input.resource === undefined || input.resource === "")
    return refuse("names neither a resource nor a path", {
      hint: 'such as "delete pods web-1 -n prod" or "get /version"',
    });
  const type = typeOf(input.resource, input);
  if (!type.ok) return type;
  const { group, version, resource, namespaced } = type.value;
  const { subresource = "", name = "" } = input;
  const verb = verbOf(input.verb, name);
  if (!verb.ok) return verb;
  const problem = contradiction({ ...input, verb: verb.value, resource, subresource, name }, namespaced);
  if (problem !== undefined) return { ok: false, problem };
  // of a namespace the API says its own name
  const own = group === "" && resource === "namespaces" ? name : undefined;
  return done({
    verb: verb.value,
    group,
    version,
    resource,
    subresource,
    namespace: own ?? input.namespace ?? (namespaced === true ? "default" : ""),
    name,
    path: "",
    labels: input.labels,
    dryRun: input.dry_run ?? false,
    container: input.container ?? "",
    command: input.command ?? [],
  });
}

interface NamedType extends Omit<KubeType, "namespaced"> {
  /** undefined = not known. */
  readonly namespaced: boolean | undefined;
}

/** `deploy`, `deployments.apps`, `deployments.v1.apps`: of other groups than Kubernetes' own the plural with its group. */
function typeOf(written: string, { group, version }: KubeInput): WrittenResult<NamedType> {
  const [word = "", second, ...rest] = written.split(".");
  const versioned = second !== undefined && VERSION.test(second);
  const suffix = second === undefined ? undefined : versioned ? rest.join(".") : [second, ...rest].join(".");
  const named = group ?? suffix;
  const known = kubeType(word);
  if (known !== undefined && (named === undefined || named === known.group))
    return done({ ...known, version: version ?? (versioned ? second : known.version) });
  if (named !== undefined)
    return done({
      group: named,
      version: version ?? (versioned ? second : "v1"),
      resource: word,
      namespaced: undefined,
    });
  const hint =
    didYouMean(word, kubeTypeNames()) ??
    "of other groups write the plural with the group, such as issuers.cert-manager.io";
  return refuse(`there is no resource ${quoted(word)}`, { key: "resource", hint });
}

/** What kubectl calls by another name is said in the API's words. */
const KUBECTL_VERBS: Readonly<Record<string, string>> = {
  annotate: "patch",
  apply: "patch, and create for what is not there yet",
  cordon: "patch nodes",
  describe: "get",
  drain: "create pods NAME --subresource eviction",
  edit: "patch",
  label: "patch",
  replace: "update",
  rollout: "patch",
  run: "create pods",
  scale: "patch deployments NAME --subresource scale",
  set: "patch",
};

function verbOf(written: string, name: string): WrittenResult<string> {
  const verb = written.toLowerCase();
  // as kubectl: without a name `get` lists
  if (verb === "get" && name === "") return done("list");
  if ((RESOURCE_VERBS as readonly string[]).includes(verb)) return done(verb);
  const meant = Object.hasOwn(KUBECTL_VERBS, verb) ? KUBECTL_VERBS[verb] : undefined;
  const hint =
    meant === undefined
      ? closest(verb, RESOURCE_VERBS) === undefined
        ? `one of ${RESOURCE_VERBS.join(", ")}`
        : didYouMean(verb, RESOURCE_VERBS)
      : `the API is asked to ${meant}`;
  return refuse(`${quoted(written)} is no verb of the API`, { key: "verb", ...(hint !== undefined && { hint }) });
}

type Asked = KubeInput & { readonly resource: string; readonly subresource: string; readonly name: string };

function contradiction(asked: Asked, namespaced: boolean | undefined): WrittenProblem | undefined {
  const { verb, resource, subresource, name, namespace, labels, container, command } = asked;
  if (name === "" && (OF_ONE.has(verb) || subresource !== "")) {
    const all = verb === "delete" ? 'all of them are "deletecollection"' : undefined;
    return {
      message: `${verb} needs the name of one of the ${resource.slice(0, 60)}`,
      key: "name",
      ...(all !== undefined && { hint: all }),
    };
  }
  if (name !== "" && OF_ALL.has(verb)) {
    const one = verb === "deletecollection" ? "delete" : "get";
    return { message: `${verb} takes no name`, key: "name", hint: `of one object it is "${one}"` };
  }
  if (namespace === undefined && namespaced === undefined) {
    const hint = 'add -n NAMESPACE (namespace: NAME), or -A (namespace: "") for all of them or where there is none';
    return { message: `whether ${quoted(resource)} are in a namespace is not known`, key: "resource", hint };
  }
  if (namespace !== undefined && namespace !== "" && namespaced === false && resource !== "namespaces")
    return { message: `${resource} are in no namespace`, key: "namespace" };
  if (labels !== undefined && OF_ALL.has(verb))
    return {
      message: `${verb} speaks of many objects`,
      key: "labels",
      hint: "labels are of one; rules do not see selectors",
    };
  const stream = STREAMS.has(subresource);
  if (stream && verb !== "create")
    return {
      message: `${subresource} is asked for by create`,
      key: "verb",
      hint: `write "create" in place of "${verb}"`,
    };
  if (container !== undefined && container !== "" && !["exec", "attach", "log"].includes(subresource))
    return { message: "a container is named for exec, attach and log only", key: "container" };
  if (command !== undefined && command.length > 0 && subresource !== "exec")
    return { message: "only exec runs a command", key: "command", hint: 'such as "exec web-1 -n prod -- id"' };
  if (subresource === "exec" && (command ?? []).length === 0)
    return { message: "exec needs a command", key: "command" };
  return undefined;
}

/** One line that `readKubectl` reads as the same request. */
export function kubeText(kube: WrittenKube): string {
  if (kube.resource === "") return lineOf([kube.verb, kube.path]);
  const { group, version, resource } = kube;
  const known = kubeType(resource);
  const usual = (known?.group === group ? known.version : "v1") === version;
  const type = [resource, ...(usual ? [] : [version]), ...(group === "" ? [] : [group])].join(".");
  const words = [kube.verb, type];
  if (kube.name !== "") words.push(kube.name);
  if (kube.subresource !== "") words.push("--subresource", kube.subresource);
  const own = group === "" && resource === "namespaces";
  if (kube.namespace !== "" && !own) words.push("-n", kube.namespace);
  else if (!own && (known?.group !== group || known.namespaced)) words.push("-A");
  if (kube.labels !== undefined)
    words.push(
      "-l",
      Object.entries(kube.labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(","),
    );
  if (kube.dryRun) words.push("--dry-run");
  if (kube.container !== "") words.push("-c", kube.container);
  if (kube.command.length > 0) words.push("--", ...kube.command);
  return lineOf(words);
}

function done<T>(value: T): WrittenResult<T> {
  return { ok: true, value };
}
