import { isArray, isMembers, type JsonTree } from "../json/json-tree.ts";

/** Values that are kept of one body, and bytes of their texts: somewhat more than is shown of it. */
const MAX_VALUES = 3_000;
const MAX_TEXT = 64 * 1024;
/** Members that say what the others of their object are: kept whatever else is not. */
const TELLING = ["apiVersion", "kind", "name"];

interface Room {
  values: number;
  text: number;
}

/**
 * The beginning of a long body, as a body of its own: in place of what is left out stands how much it is. Texts are kept whole
 * or not at all, so that what is in them can still be told.
 */
export function pruned(tree: JsonTree, room: Room = { values: MAX_VALUES, text: MAX_TEXT }): JsonTree {
  room.values--;
  if (typeof tree === "string") {
    if (tree.length > room.text) return `(${tree.length} characters)`;
    room.text -= tree.length;
    return tree;
  }
  if (isArray(tree)) {
    const kept: JsonTree[] = [];
    for (const item of tree) {
      if (room.values <= 0) break;
      kept.push(pruned(item, room));
    }
    return kept.length < tree.length ? [...kept, `(${tree.length - kept.length} more)`] : kept;
  }
  if (!isMembers(tree)) return tree;
  const kept = new Map<string, JsonTree>();
  for (const [key, value] of tree) {
    if (room.values <= 0) break;
    kept.set(key, pruned(value, room));
  }
  if (kept.size === tree.size) return kept;
  const left = tree.size - kept.size;
  for (const key of TELLING) {
    const value = tree.get(key);
    if (typeof value === "string") kept.set(key, value);
  }
  return kept.set("(more)", `${left} members`);
}
