import type { LabelUse, StatementFacts } from "@tidewaiter/core";
import { mergeUses, NO_LABELS } from "@tidewaiter/core";
import type { Catalog, DatabaseCode } from "./catalog.ts";

type Resolve = (facts: StatementFacts, catalog: Catalog) => LabelUse;

/** Made once per catalog, since a function is called often. */
const known = new WeakMap<Catalog, WeakMap<DatabaseCode, LabelUse>>();

/**
 * What running code of the database does with labels. A body in SQL is judged as if it had been written out; what the policy
 * declares may ask anything about the labels it names; everything else about all of them.
 */
export function codeUse(code: readonly DatabaseCode[], catalog: Catalog, resolve: Resolve): LabelUse {
  if (code.length === 0) return NO_LABELS;
  const ofCatalog = known.get(catalog) ?? new WeakMap<DatabaseCode, LabelUse>();
  known.set(catalog, ofCatalog);
  return mergeUses(
    code.map((one) => {
      const present = ofCatalog.get(one);
      if (present !== undefined) return present;
      // a function that calls itself: what it does otherwise is being found out just now
      ofCatalog.set(one, NO_LABELS);
      const use = useOf(one, catalog, resolve);
      ofCatalog.set(one, use);
      return use;
    }),
  );
}

function useOf({ name, statements, declared, opaque }: DatabaseCode, catalog: Catalog, resolve: Resolve): LabelUse {
  if (opaque) return { ...NO_LABELS, opaque: true };
  if (declared !== undefined) {
    const labels = declared.filter((label) => catalog.labels.includes(label));
    return labels.length === 0 ? NO_LABELS : { ...NO_LABELS, reads: labels, unread: { names: [name], labels } };
  }
  if (statements === undefined) {
    const { labels } = catalog;
    return { ...NO_LABELS, reads: labels, opaque: true, unread: { names: [name], labels } };
  }
  return mergeUses(statements.map((facts) => resolve(facts, catalog)));
}

/** Code that tells about no label is as good as what came with the server. */
export function tellsNothing(use: LabelUse): boolean {
  return (
    !use.opaque &&
    !use.laundering &&
    use.unread === undefined &&
    use.reads.length + use.writes.length + use.predicates.length === 0
  );
}
