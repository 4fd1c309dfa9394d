import type { StatementFacts } from "@tidewaiter/core";
import type { Catalog, CatalogColumn, CatalogRelation } from "./catalog.ts";
import { SYSTEM_LABELS } from "./catalog.ts";

interface LabelNames {
  readonly labels: readonly string[];
  readonly labelsOf: (column: { readonly schema: string; readonly table: string; readonly column: string }) => readonly string[];
  /** Names of columns that may carry a label, where they are not patterns. */
  readonly columnNames: ReadonlySet<string> | "any";
}

/**
 * A catalog made of names alone, for policy tests and explanations without a server: every relation exists, has the
 * columns that labels and the statement name, and every function is built in. Coarser than a live catalog: a view or an
 * unlabelled copy does not show.
 */
export function nameCatalog(facts: StatementFacts, names: LabelNames): Catalog {
  const columns = new Set(facts.columns.map((column) => column.name).filter((name) => name !== "*"));
  if (names.columnNames !== "any") for (const name of names.columnNames) columns.add(name);
  return {
    hasLabels: names.labels.length > 0,
    labels: names.labels,
    byOid: () => undefined,
    find: (schema, name) => [relation(schema ?? "public", name, columns, names)],
    isBuiltinFunction: () => true,
    isBuiltinOperator: () => true,
  };
}

function relation(schema: string, name: string, columns: ReadonlySet<string>, names: LabelNames): CatalogRelation {
  const system = SYSTEM_LABELS[name];
  return {
    oid: 0,
    schema,
    name,
    opaque: false,
    columns: [...columns].map((column, index): CatalogColumn => {
      const labels = system === undefined ? names.labelsOf({ schema, table: name, column }) : [system.label];
      return { name: column, attnum: index + 1, labels, derived: false, generated: false };
    }),
  };
}
