import type { Lineage } from "./lineage.ts";
import { readLineage } from "./read-lineage.ts";

/** The walk of a tree that was seen before costs a hash. */
export function cachedLineage(tree: Buffer): Lineage {
  return readLineage(tree);
}

const shared = new LineageCache();

/** Reads a tree with the memory that all sessions of this process share. @throws LineageError as `readLineage`. */
export function cachedLineage(tree: Buffer): Lineage {
  return shared.read(tree);
}
