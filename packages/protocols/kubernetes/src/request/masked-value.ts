import { isArray, isMembers, type JsonTree } from "../json/json-tree.ts";
import { holdsMask } from "../response/mask-text.ts";
import { type PatchStep, pointerKeys } from "./json-patch.ts";

/** The path of a value that is one of our masks, or holds one; undefined = there is none. */
export function maskedValueOf(tree: JsonTree, patch: readonly PatchStep[] | undefined): string | undefined {
  const found = patch === undefined ? find(tree, "") : findInPatch(patch);
  return found === "" ? "the whole body" : found?.replace(/^\./, "");
}

function findInPatch(patch: readonly PatchStep[]): string | undefined {
  for (const { path, value } of patch) {
    const at = pointerKeys(path).map(step).join("");
    const found = holdsMask(path) ? at : value === undefined ? undefined : find(value, at);
    if (found !== undefined) return found;
  }
  return undefined;
}

function step(key: string): string {
  return /^[\w-]+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function find(tree: JsonTree, path: string): string | undefined {
  if (typeof tree === "string") return holdsMask(tree) ? path : undefined;
  if (isArray(tree)) {
    for (const [index, item] of tree.entries()) {
      const found = find(item, `${path}[${index}]`);
      if (found !== undefined) return found;
    }
  } else if (isMembers(tree)) {
    for (const [key, value] of tree) {
      const found = holdsMask(key) ? `${path}, a key` : find(value, path + step(key));
      if (found !== undefined) return found;
    }
  }
  return undefined;
}
