import type { KubeOperation } from "@tidewaiter/core";
import { isMembers, type JsonTree, treeAt } from "../json/json-tree.ts";
import { type PatchStep, pointerKeys } from "./json-patch.ts";

/** What a body does to the labels of its object. */
export interface Relabelling {
  /** Those of the object that is written as a whole, or those that a patch sets; absent = not known, or none. */
  readonly labels?: Readonly<Record<string, string>>;
  /**
   * Those that go. `others`: all but `labels`, as of an object that is written as a whole. `applied`: all but `labels` that an
   * apply had set before (fieldManager and managedFields of the API).
   */
  readonly unlabels?: readonly string[] | "others" | "applied";
  /** It gives the object labels, and which is not read. */
  readonly relabels?: true;
}

const APPLY = "application/apply-patch+yaml";
const STRATEGIC = "application/strategic-merge-patch+json";
/** Of these the body is another object than the one that the path names, or none. */
const OTHER_BODIES: ReadonlySet<string> = new Set(["scale", "eviction", "token", "proxy"]);
/** How a strategic merge patch replaces or removes more than it names. */
const DIRECTIVES = ["$patch", "$retainKeys"];

/** Labels are written by subresources, too: by `status` of nearly every kind, `approval`, `finalize`, and the binding of a pod. */
export function relabellingOf(
  tree: JsonTree,
  written: {
    readonly type: string;
    readonly patch: readonly PatchStep[] | undefined;
    readonly operation: KubeOperation;
  },
): Relabelling {
  const { type, patch, operation } = written;
  const { verb, subresource } = operation;
  if (OTHER_BODIES.has(subresource)) return {};
  if (patch !== undefined) return patched(patch);
  if (verb === "patch") return merged(tree, type);
  if (verb === "create" && subresource !== "" && subresource !== "binding") return {};
  if (verb !== "create" && verb !== "update") return {};
  const labels = labelsOf(tree);
  return labels === undefined ? {} : { labels, ...(verb === "update" && { unlabels: "others" as const }) };
}

function labelsOf(tree: JsonTree): Readonly<Record<string, string>> | undefined {
  if (!isMembers(tree)) return undefined;
  const labels = treeAt(tree, "metadata", "labels");
  if (!isMembers(labels)) return {};
  const texts = [...labels].filter(isText);
  return texts.length === labels.size ? Object.fromEntries(texts) : undefined;
}

function merged(tree: JsonTree, type: string): Relabelling {
  const metadata = treeAt(tree, "metadata");
  const given = treeAt(metadata, "labels");
  const members = isMembers(given) ? [...given] : [];
  const labels = Object.fromEntries(members.filter(isText));
  if (type === APPLY) return { labels, unlabels: "applied" };
  const goes = isNull(metadata) || isNull(given);
  if (goes || (type === STRATEGIC && [tree, metadata, given].some(hasDirective))) return { labels, unlabels: "others" };
  if (members.length === 0) return {};
  const unlabels = members.filter(([, value]) => isNull(value)).map(([key]) => key);
  return { labels, ...(unlabels.length > 0 && { unlabels }) };
}

function hasDirective(tree: JsonTree | undefined): boolean {
  return isMembers(tree) && DIRECTIVES.some((name) => tree.has(name));
}

function isNull(tree: JsonTree | undefined): boolean {
  return typeof tree === "object" && "written" in tree && tree.written === "null";
}

function isText(entry: [string, JsonTree]): entry is [string, string] {
  return typeof entry[1] === "string";
}

/** Steps come one after the other, so the last word on a label counts. */
function patched(patch: readonly PatchStep[]): Relabelling {
  const labels = new Map<string, string>();
  const gone = new Set<string>();
  let othersGo = false;
  const reset = (): void => {
    labels.clear();
    othersGo = true;
  };
  for (const { op, path, from, value } of patch) {
    if (op === "test") continue;
    if (op === "move" && touchesLabels(from)) {
      const [, , key, ...more] = pointerKeys(from ?? "");
      if (key === undefined || more.length > 0) return { relabels: true };
      labels.delete(key);
      gone.add(key);
    }
    if (!touchesLabels(path)) continue;
    const [, second, key, ...more] = pointerKeys(path);
    if (op === "remove") {
      if (key === undefined) reset();
      else if (more.length === 0) {
        labels.delete(key);
        gone.add(key);
      }
    } else if (key !== undefined && more.length === 0 && typeof value === "string") {
      labels.set(key, value);
    } else if (second === "labels" && key === undefined && isMembers(value)) {
      reset();
      for (const entry of value) if (isText(entry)) labels.set(...entry);
    } else return { relabels: true };
  }
  const unlabels = othersGo ? ("others" as const) : [...gone].filter((key) => !labels.has(key));
  return {
    ...((labels.size > 0 || othersGo) && { labels: Object.fromEntries(labels) }),
    ...(unlabels.length > 0 && { unlabels }),
  };
}

function touchesLabels(pointer: string | undefined): boolean {
  if (pointer === undefined) return false;
  const [first, second] = pointerKeys(pointer);
  return first === undefined || (first === "metadata" && (second === undefined || second === "labels"));
}
