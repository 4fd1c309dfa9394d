import type { KubeLaundering, KubeOperation } from "@tidewaiter/core";
import { KUBE_SECRET } from "@tidewaiter/core";
import { isArray, isMembers, type JsonTree } from "../json/json-tree.ts";
import { isCustomGroup } from "../response/custom-group.ts";
import { Masking, type MaskRules } from "../response/masking.ts";

/** One operation of a JSON patch (RFC 6902). Pointers are as written (RFC 6901). */
export interface PatchStep {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: JsonTree;
}

const NAMES: ReadonlySet<string> = new Set(["op", "path", "from", "value"]);
const OPS: ReadonlySet<string> = new Set(["add", "remove", "replace", "move", "copy", "test"]);

/** In UTF-16 code units; keys of objects are shorter than that, and not nested deeper. */
const MAX_POINTER = 1_000;

/** Undefined: it is no JSON patch, or one that says something that nobody knows. */
export function readJsonPatch(tree: JsonTree): readonly PatchStep[] | undefined {
  if (!isArray(tree)) return undefined;
  const steps = tree.map(stepOf);
  return steps.every((step) => step !== undefined) ? steps : undefined;
}

function stepOf(tree: JsonTree): PatchStep | undefined {
  if (!isMembers(tree) || [...tree.keys()].some((key) => !NAMES.has(key))) return undefined;
  const [op, path, from, value] = ["op", "path", "from", "value"].map((key) => tree.get(key));
  if (typeof op !== "string" || !OPS.has(op) || !isPointer(path)) return undefined;
  if (from !== undefined && !isPointer(from)) return undefined;
  return { op, path, ...(from !== undefined && { from }), ...(value !== undefined && { value }) };
}

function isPointer(tree: JsonTree | undefined): tree is string {
  return typeof tree === "string" && tree.length <= MAX_POINTER && /^(?:\/|$)/.test(tree);
}

/** The keys that a pointer names. */
export function pointerKeys(pointer: string): readonly string[] {
  if (pointer === "") return [];
  return pointer
    .split("/")
    .slice(1)
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/**
 * A copy brings a value that is masked to a place where it is not, and a test tells whether it is what the client guesses.
 * Names go with their values, so that a copy of many keeps their masks. Undefined: nothing is told.
 */
export function launderedBy(
  patch: readonly PatchStep[],
  { group, resource, namespace }: KubeOperation,
  rules: MaskRules,
): KubeLaundering | undefined {
  // whatever its labels are, who may see them is not decided here
  const masking = new Masking({ ...rules, masks: {} });
  const isSecret = group === "" && resource === "secrets";
  for (const { op, path, from } of patch) {
    const source = op === "test" ? path : op === "copy" || op === "move" ? (from ?? "") : undefined;
    if (source === undefined) continue;
    const keys = pointerKeys(source);
    const into = pointerKeys(path);
    const what = `its JSON patch ${WORDS[op] ?? op} ${source === "" ? "the whole object" : source.slice(0, 100)}`;
    if (isSecret && !isPlain(keys)) return { what, labels: [KUBE_SECRET] };
    const plan = masking.column(namespace, resource, keys.at(-1) ?? "");
    if (plan !== undefined && keys[0] !== "metadata") return { what, labels: plan.labels };
    // of an object inside of another only its place tells that it is a Secret
    if (isCustomGroup(group) && keys.some((key) => key === "data" || key === "stringData"))
      return { what, labels: [KUBE_SECRET] };
    // what is there has names, and is shown whatever they are
    if (masking.byName && op !== "test" && into[0] === "metadata" && keys[0] !== "metadata") return { what };
    if (masking.byName && keys.at(-1) === "value" && keys.at(-3) === "env") return { what };
  }
  return undefined;
}

const WORDS: Readonly<Record<string, string>> = { test: "tests", copy: "copies", move: "moves" };

/** What is never masked in a Secret: identity and type. */
function isPlain([first, second]: readonly string[]): boolean {
  if (first === "metadata") return second !== undefined && second !== "annotations";
  return first === "kind" || first === "apiVersion" || first === "type" || first === "immutable";
}
