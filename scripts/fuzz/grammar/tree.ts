/** What a piece of SQL is, so that the shrinker can put a smaller one of the same kind in its place. */
export type Kind = "text" | "number" | "any" | "predicate" | "rows" | "query" | "clause";

/** A piece of SQL with the pieces it is made from. */
export interface Tree {
  readonly kind: Kind;
  readonly parts: readonly (string | Tree)[];
}

/** ``tree("text")`lower(${inner})` ``; only trees and words may be put in. */
export function tree(kind: Kind): (words: TemplateStringsArray, ...inner: readonly (Tree | string | number)[]) => Tree {
  return (words, ...inner) => ({
    kind,
    parts: words.flatMap((word, index) => {
      const next = inner[index];
      return next === undefined ? [word] : [word, typeof next === "number" ? String(next) : next];
    }),
  });
}

export function write(node: Tree | string): string {
  return typeof node === "string" ? node : node.parts.map(write).join("");
}

/** The smallest of each kind that still means something. */
const SMALLEST: Readonly<Record<Kind, readonly string[]>> = {
  text: ["'x'"],
  number: ["1"],
  any: ["null"],
  predicate: ["true", "id = 3"],
  rows: ["customers"],
  query: ["select 1"],
  clause: [""],
};

/** Every tree with one piece made smaller, the biggest steps first. */
export function* smaller(node: Tree): Generator<Tree> {
  for (const inner of descendants(node)) if (inner.kind === node.kind) yield inner;
  for (const text of SMALLEST[node.kind]) if (write(node) !== text) yield { kind: node.kind, parts: [text] };
  for (const [index, part] of node.parts.entries()) {
    if (typeof part === "string") continue;
    for (const one of smaller(part)) yield { ...node, parts: node.parts.with(index, one) };
  }
}

function* descendants(node: Tree): Generator<Tree> {
  for (const part of node.parts) {
    if (typeof part === "string") continue;
    yield part;
    yield* descendants(part);
  }
}
