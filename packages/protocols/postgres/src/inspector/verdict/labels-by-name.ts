import type { LabelUse, StatementFacts } from "@tidewaiter/core";
import type { Catalog } from "@tidewaiter/toolkit/labels/catalog";
import { resolveLabels } from "@tidewaiter/toolkit/labels/resolve-labels";
import { kindOf } from "@tidewaiter/toolkit/sql/number-shapes";

const known = new WeakMap<Catalog, WeakMap<StatementFacts, LabelUse>>();

/**
 * `resolveLabels` with a memory: neither facts nor a snapshot of the catalog ever change, so a statement that is prepared
 * once, or differs from another only in numbers, is resolved once. Forgotten with either.
 */
export function labelsByName(facts: StatementFacts, catalog: Catalog): LabelUse {
  const kind = kindOf(facts);
  const ofCatalog = known.get(catalog) ?? new WeakMap<StatementFacts, LabelUse>();
  known.set(catalog, ofCatalog);
  const use = ofCatalog.get(kind) ?? resolveLabels(kind, catalog);
  ofCatalog.set(kind, use);
  return use;
}
