import { hash } from "node:crypto";
import type { ColumnRef, Lineage } from "./lineage.ts";
import { LineageError } from "./lineage-error.ts";
import { TREE_LIMITS } from "./parse-tree.ts";
import { readLineage } from "./read-lineage.ts";
import { treeHash, treeShape } from "./tree-shape.ts";
import { unwrapLines } from "./unwrap-lines.ts";

export interface LineageCacheLimits {
  /** Trees. Default 2,000. */
  readonly entries?: number;
  /** Estimated bytes of all results together. Default 32 MiB. */
  readonly bytes?: number;
}

type Shared = Omit<Lineage, "hash">;

interface Entry {
  readonly shared: Shared;
  readonly bytes: number;
}

/**
 * `readLineage` with a memory: a tree whose shape was read before, whatever its literals are, costs a look over its bytes.
 * A result depends on the shape alone but for its hash, so that one cache may serve every session and database. The
 * least recently used results go first.
 */
export class LineageCache {
  readonly #read: (tree: Buffer) => Lineage;
  readonly #limits: Required<LineageCacheLimits>;
  /** By SHA-256 of the shape, the least recently used first. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(limits: LineageCacheLimits = {}, read: (tree: Buffer) => Lineage = readLineage) {
    this.#limits = { entries: limits.entries ?? 2000, bytes: limits.bytes ?? 32 * 1024 * 1024 };
    this.#read = read;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** @throws LineageError as `readLineage`; a tree that cannot be read is tried again each time. */
  read(tree: Buffer): Lineage {
    if (tree.length > TREE_LIMITS.bytes) throw new LineageError("too-large");
    const text = unwrapLines(tree);
    const key = hash("sha256", treeShape(text), "base64");
    const known = this.#entries.get(key);
    if (known !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return withHash(known.shared, text);
    }
    const lineage = this.#read(tree);
    const { hash: _, ...shared } = lineage;
    this.#keep(key, { shared, bytes: OBJECT + bytesOf(lineage) });
    return lineage;
  }

  #keep(key: string, entry: Entry): void {
    // One wide result must not push out everything else.
    if (entry.bytes > this.#limits.bytes / 16) return;
    this.#entries.set(key, entry);
    this.#bytes += entry.bytes;
    for (const [oldest, { bytes }] of this.#entries) {
      if (this.#entries.size <= this.#limits.entries && this.#bytes <= this.#limits.bytes) break;
      this.#entries.delete(oldest);
      this.#bytes -= bytes;
    }
  }
}

/** Asked for only when an approval is bound to it, or a second tree comes. */
function withHash(shared: Shared, text: Buffer): Lineage {
  let hash: string | undefined;
  return {
    ...shared,
    get hash() {
      hash ??= treeHash(text);
      return hash;
    },
  };
}

/** Bytes of a small object, and of a reference. */
const OBJECT = 64;
const REFERENCE = 8;

/** Outputs share their lists of sources; each list counts once. */
function bytesOf(lineage: Lineage): number {
  const lists = new Set<readonly (ColumnRef | number | string)[]>([
    lineage.functions,
    lineage.operators,
    lineage.types,
    lineage.opaque,
  ]);
  let bytes = OBJECT * (lineage.relations.length + 4);
  for (const { name, sources, functions, opaque } of lineage.outputs) {
    bytes += 2 * name.length + 2 * OBJECT;
    for (const list of [sources, functions, opaque]) lists.add(list);
  }
  for (const { sources, functions } of lineage.writes) {
    bytes += 3 * OBJECT;
    lists.add(sources);
    lists.add(functions);
  }
  for (const { partners } of lineage.predicates) {
    bytes += 2 * OBJECT;
    if (partners !== undefined) lists.add(partners);
  }
  for (const list of lists) bytes += OBJECT + (OBJECT + REFERENCE) * list.length;
  return bytes;
}

const shared = new LineageCache();

/** Reads a tree with the memory that all sessions of this process share. @throws LineageError as `readLineage`. */
export function cachedLineage(tree: Buffer): Lineage {
  return shared.read(tree);
}
