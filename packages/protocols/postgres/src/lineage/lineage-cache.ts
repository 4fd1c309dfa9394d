import type { Lineage } from "./lineage.ts";
import { LineageError } from "./lineage-error.ts";

/** The walk of a tree that was seen before costs a hash. */
export function cachedLineage(_tree: Buffer): Lineage {
  throw new LineageError("malformed");
}
