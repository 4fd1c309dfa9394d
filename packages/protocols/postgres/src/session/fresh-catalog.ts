import type { SqlClassification, StatementFacts } from "@tidewaiter/core";
import type { Catalog } from "@tidewaiter/toolkit/labels/catalog";
import type { CatalogCache, CatalogRequest } from "../catalog/catalog-cache.ts";

/**
 * Before a statement is judged: a relation that the snapshot does not know, or DDL that was just seen, makes it be read
 * once more. What is still unknown then counts as sensitive. Undefined: the snapshot is good as it is.
 */
export function freshenCatalog(
  classification: SqlClassification,
  catalogs: CatalogCache,
  request: CatalogRequest,
): Promise<unknown> | undefined {
  if (!classification.ok) return undefined;
  const catalog = catalogs.current(request);
  if (!catalog.hasLabels) return undefined;
  const { statements } = classification;
  const due = catalogs.due(
    request.key,
    statements.some((facts) => namesUnknown(facts, catalog)),
  );
  if (statements.some(changesSchema)) catalogs.schemaChanges(request.key);
  // a catalog that cannot be read leaves the old one, under which unknown names are masked
  return due ? catalogs.reload(request).catch(() => undefined) : undefined;
}

function namesUnknown({ relations }: StatementFacts, catalog: Catalog): boolean {
  return relations.some(({ schema, name, access }) => access === "read" && catalog.find(schema, name).length === 0);
}

function changesSchema({ classes }: StatementFacts): boolean {
  return classes.includes("schema");
}
