import type { CatalogRows } from "./postgres-catalog.ts";

type LabelsByName = ReadonlyMap<string, readonly string[]>;

/**
 * Labels along inheritance, matched by column name as PostgreSQL does (attribute numbers of parent and child may differ).
 * A parent shows its children's rows, so it carries what they carry. A child carries what its ancestors carry of their
 * own; a partition also what its siblings carry, since rows move between them.
 */
export class InheritedLabels {
  readonly #own: (oid: number) => LabelsByName;
  readonly #parents: CatalogRows["parents"];
  readonly #children = new Map<number, number[]>();
  readonly #partitioned: ReadonlySet<number>;
  readonly #below = new Map<number, LabelsByName>();
  readonly #above = new Map<number, LabelsByName>();

  /** `own`: what each column of a relation carries by itself. */
  constructor(
    { parents, partitioned }: Pick<CatalogRows, "parents" | "partitioned">,
    own: (oid: number) => LabelsByName,
  ) {
    this.#own = own;
    this.#parents = parents;
    this.#partitioned = partitioned ?? new Set();
    for (const [child, above] of parents)
      for (const parent of above) this.#children.set(parent, [...(this.#children.get(parent) ?? []), child]);
  }

  /** Undefined for a relation that inherits nothing and is inherited by none. */
  of(oid: number): LabelsByName | undefined {
    if (!this.#parents.has(oid) && !this.#children.has(oid)) return undefined;
    return merge([this.#fromBelow(oid), this.#fromAbove(oid)]);
  }

  /** Its own and its children's. */
  #fromBelow(oid: number): LabelsByName {
    const known = this.#below.get(oid);
    if (known !== undefined) return known;
    // PostgreSQL lets nothing inherit from itself; a catalog that says so must not hang us
    this.#below.set(oid, this.#own(oid));
    const labels = merge([this.#own(oid), ...(this.#children.get(oid) ?? []).map((child) => this.#fromBelow(child))]);
    this.#below.set(oid, labels);
    return labels;
  }

  /** What comes down from its ancestors. */
  #fromAbove(oid: number): LabelsByName {
    const known = this.#above.get(oid);
    if (known !== undefined) return known;
    this.#above.set(oid, new Map());
    const labels = merge(
      (this.#parents.get(oid) ?? []).flatMap((parent) => [
        this.#partitioned.has(parent) ? this.#fromBelow(parent) : this.#own(parent),
        this.#fromAbove(parent),
      ]),
    );
    this.#above.set(oid, labels);
    return labels;
  }
}

function merge(all: readonly LabelsByName[]): LabelsByName {
  const merged = new Map<string, readonly string[]>();
  for (const one of all)
    for (const [name, labels] of one)
      if (labels.length > 0) merged.set(name, [...new Set([...(merged.get(name) ?? []), ...labels])].sort());
  return merged;
}
