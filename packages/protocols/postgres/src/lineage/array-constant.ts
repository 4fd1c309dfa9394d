import { Datum, TreeNode, type TreeValue } from "./node-tree.ts";

/** Dimensions an array may have (`MAXDIM` of PostgreSQL). */
const MAX_DIMENSIONS = 6;

/**
 * How many elements an array of literals has: `ARRAY[...]`, or a constant as PostgreSQL's `array.h` lays it out:
 * length word, dimensions, offset of the data, element type, then the size of each dimension, as 32-bit integers.
 * A parameter counts as one element, a constant that cannot be read by its bytes.
 */
export function arrayElements(node: TreeValue): number {
  if (!(node instanceof TreeNode)) return 1;
  if (node.kind === "ARRAYEXPR") return node.list("elements").reduce<number>((sum, item) => sum + elementsIn(item), 0);
  if (node.kind === "RELABELTYPE" || node.kind === "ARRAYCOERCEEXPR" || node.kind === "COLLATEEXPR") {
    return arrayElements(node.fields.get("arg") ?? null);
  }
  const value = node.kind === "CONST" ? node.fields.get("constvalue") : undefined;
  return value instanceof Datum ? constantElements(value) : 1;
}

function elementsIn(item: TreeValue): number {
  return item instanceof TreeNode && item.kind === "ARRAYEXPR" ? arrayElements(item) : 1;
}

/** Of a constant by its bytes alone, whatever its type is. */
export function constantElements({ head, length }: Pick<Datum, "head" | "length">): number {
  const bytes = Buffer.from(head);
  for (const read of [bytes.readUInt32LE.bind(bytes), bytes.readUInt32BE.bind(bytes)]) {
    if (bytes.length < 16) break;
    const dimensions = read(4);
    if (dimensions === 0) return 0;
    if (dimensions > MAX_DIMENSIONS || bytes.length < 16 + 4 * dimensions) continue;
    let count = 1;
    for (let index = 0; index < dimensions; index++) count *= read(16 + 4 * index);
    if (count <= length) return count;
  }
  return length;
}
