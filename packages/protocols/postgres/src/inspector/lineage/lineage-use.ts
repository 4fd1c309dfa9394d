import type { LabelUse, PredicateUse, UnreadCode } from "@tidewaiter/core";
import { mergeUnread } from "@tidewaiter/core";
import type { Catalog, CatalogColumn } from "@tidewaiter/toolkit/labels/catalog";
import { codeUse } from "@tidewaiter/toolkit/labels/code-use";
import { resolveLabels } from "@tidewaiter/toolkit/labels/resolve-labels";
import { FIRST_USER_OID } from "../../catalog/database-code.ts";
import type { ColumnRef, Lineage, OutputLineage, PredicateUse as TreePredicate } from "../../lineage/lineage.ts";

/** What a value may carry. `derived`: more than one column as it is, so only the full constant hides it. */
export interface ValueLabels {
  readonly labels: readonly string[];
  readonly derived: boolean;
}

/** Labels of one column of a result, by the server's own tree. What the walk is not sure of may carry every label. */
export function outputLabelsOf(output: OutputLineage, catalog: Catalog): ValueLabels {
  const ran = ranBy(output.functions, catalog);
  if (output.opaque.length > 0 || ran.opaque) return { labels: catalog.labels, derived: true };
  const found = output.sources.map((source) => columnLabels(source, catalog));
  return {
    labels: sorted([...ran.reads, ...found.flatMap(({ labels }) => labels)]),
    derived: !output.plain || found.some(({ derived }) => derived),
  };
}

/** By the outputs, which trees of one shape share (lineage-cache.ts): literals change no label. */
const known = new WeakMap<Catalog, WeakMap<Lineage["outputs"], LabelUse>>();

/** The labels that a statement touches and how, by the server's own tree. */
export function lineageUse(tree: Lineage, catalog: Catalog): LabelUse {
  const ofCatalog = known.get(catalog) ?? new WeakMap<Lineage["outputs"], LabelUse>();
  known.set(catalog, ofCatalog);
  const use = ofCatalog.get(tree.outputs) ?? resolved(tree, catalog);
  ofCatalog.set(tree.outputs, use);
  return use;
}

function resolved(tree: Lineage, catalog: Catalog): LabelUse {
  const labelsOf = (refs: readonly ColumnRef[]): readonly string[] =>
    sorted(refs.flatMap((ref) => columnLabels(ref, catalog).labels));
  const ran = ranBy(tree.functions, catalog);
  const unread = mergeUnread([ran.unread, unreadOperators(tree, catalog)]);
  const written = tree.writes.map(({ column }) => column);
  const read = [
    ...tree.outputs.flatMap(({ sources }) => sources),
    ...tree.predicates.map(({ column }) => column),
    ...tree.writes.flatMap(({ sources }) => sources),
  ];
  return {
    reads: sorted([...ran.reads, ...labelsOf(read)]),
    writes: sorted([...ran.writes, ...labelsOf(written)]),
    predicates: [...ran.predicates, ...predicatesOf(tree.predicates, catalog)],
    laundering: catalog.hasLabels && (ran.laundering || tree.writes.some((write) => strays(write, catalog))),
    opaque: catalog.hasLabels && (ran.opaque || isOpaque(tree, catalog)),
    ...(catalog.hasLabels && unread !== undefined && { unread }),
  };
}

/** What the functions do with labels that the tree does not show. */
function ranBy(functions: readonly number[], catalog: Catalog): LabelUse {
  return codeUse(
    functions.flatMap((oid) => catalog.codeByOid(oid)),
    catalog,
    resolveLabels,
  );
}

function unreadOperators({ operators }: Lineage, { labels }: Catalog): UnreadCode | undefined {
  const users = operators.filter((oid) => oid >= FIRST_USER_OID);
  return users.length === 0 ? undefined : { names: users.map((oid) => `operator ${oid}`), labels };
}

function isOpaque(tree: Lineage, catalog: Catalog): boolean {
  return (
    tree.command === "unknown" ||
    tree.opaque.length > 0 ||
    tree.outputs.some(({ opaque }) => opaque.length > 0) ||
    tree.operators.some((oid) => oid >= FIRST_USER_OID) ||
    tree.relations.some(({ oid, access }) => access === "read" && (catalog.byOid(oid)?.opaque ?? true))
  );
}

/**
 * As with names (resolve-labels): only as it is, and only into a column that carries each of its labels. What a function
 * that nobody knows returns may be anything, so it may only go where everything may.
 */
function strays({ column, sources, plain, functions }: Lineage["writes"][number], catalog: Catalog): boolean {
  const ran = ranBy(functions, catalog);
  if (ran.opaque) return true;
  const from = [...ran.reads, ...sources.flatMap((source) => columnLabels(source, catalog).labels)];
  if (from.length === 0) return false;
  const into = columnLabels(column, catalog).labels;
  return !plain || from.some((label) => !into.includes(label));
}

function predicatesOf(uses: readonly TreePredicate[], catalog: Catalog): LabelUse["predicates"] {
  const found = new Map<string, { label: string; use: PredicateUse; literals: number }>();
  for (const { column, use, literals = 0, partners = [] } of uses) {
    for (const label of columnLabels(column, catalog).labels) {
      const how = useOf(use, label, partners, catalog);
      const key = `${label} ${how}`;
      const present = found.get(key);
      if (present === undefined) found.set(key, { label, use: how, literals });
      else present.literals += literals;
    }
  }
  return [...found.values()];
}

function useOf(
  use: TreePredicate["use"],
  label: string,
  partners: readonly ColumnRef[],
  catalog: Catalog,
): PredicateUse {
  if (use === "group") return "order";
  if (use !== "join") return use;
  const within = partners.length > 0 && partners.every((one) => columnLabels(one, catalog).labels.includes(label));
  return within ? "join" : "expression";
}

function columnLabels({ relation, attnum }: ColumnRef, catalog: Catalog): ValueLabels {
  const known = catalog.byOid(relation);
  if (known === undefined || known.opaque) return { labels: catalog.labels, derived: true };
  // ctid, tableoid and the like
  if (attnum < 0) return { labels: [], derived: false };
  if (attnum === 0) return { labels: sorted(known.columns.flatMap(({ labels }) => labels)), derived: true };
  const column: CatalogColumn | undefined = known.columns.find((one) => one.attnum === attnum);
  // a column that nobody knows is new since the catalog was read
  return column ?? { labels: catalog.labels, derived: true };
}

function sorted(labels: readonly string[]): readonly string[] {
  return labels.length < 2 ? labels : [...new Set(labels)].sort();
}
