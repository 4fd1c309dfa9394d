import { isArray, isMembers, type JsonTree } from "../json/json-tree.ts";
import { holdsMask } from "../response/mask-text.ts";
import { type PatchStep, pointerKeys } from "./json-patch.ts";

/** The path of a value that is one of our masks, or holds one; undefined = there is none. */
export function maskedValueOf(tree: JsonTree, patch: readonly PatchStep[] | undefined): string | undefined {
  const found = patch === undefined ? find(tree) : findInPatch(patch);
  if (found === undefined) return undefined;
  return found.length === 0 ? "the whole body" : found.join("").replace(/^\./, "");
}

function findInPatch(patch: readonly PatchStep[]): readonly string[] | undefined {
  for (const { path, value } of patch) {
    const at = (): string[] => pointerKeys(path).map(step);
    if (holdsMask(path)) return at();
    const inner = value === undefined ? undefined : find(value);
    if (inner !== undefined) return [...at(), ...inner];
  }
  return undefined;
}

/** Steps to the value; made only where there is one. */
function find(tree: JsonTree): string[] | undefined {
  if (typeof tree === "string") return holdsMask(tree) ? [] : undefined;
  if (isArray(tree)) {
    for (const [index, item] of tree.entries()) {
      const found = find(item);
      if (found !== undefined) return [`[${index}]`, ...found];
    }
  } else if (isMembers(tree)) {
    for (const [key, value] of tree) {
      if (holdsMask(key)) return [", a key"];
      const found = find(value);
      if (found !== undefined) return [step(key), ...found];
    }
  }
  return undefined;
}

function step(key: string): string {
  return /^[\w-]+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}
