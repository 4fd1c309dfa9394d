import type { StatementFacts } from "@tidewaiter/core";
import type { Catalog, CatalogColumn, CatalogRelation } from "./catalog.ts";
import { SYSTEM_LABELS, UNSAFE_FUNCTIONS } from "./catalog.ts";

interface LabelNames {
  readonly labels: readonly string[];
  readonly labelsOf: (column: {
    readonly schema: string;
    readonly table: string;
    readonly column: string;
  }) => readonly string[];
  /** Patterns `schema.table.column` of the labels: a relation that one names has the column that it names. */
  readonly columnPatterns: readonly string[];
}

/**
 * A catalog made of names alone, for policy tests and explanations without a server: every relation exists, has the
 * columns that labels and the statement name, and every function is built in. Coarser than a live catalog: a view or an
 * unlabelled copy does not show.
 */
export function nameCatalog(facts: StatementFacts, names: LabelNames): Catalog {
  const written = facts.columns.map((column) => column.name).filter((name) => name !== "*");
  return {
    hasLabels: names.labels.length > 0,
    labels: names.labels,
    byOid: () => undefined,
    find: (schema, name) => [relation(schema ?? "public", name, [...written, ...patternColumns(name, names)], names)],
    triggers: false,
    code: (called, { name }) =>
      called === "function" && UNSAFE_FUNCTIONS.has(name) ? [{ name: `pg_catalog.${name}`, opaque: true }] : [],
    codeByOid: (oid) => [{ name: `function ${oid}` }],
  };
}

function relation(schema: string, name: string, columns: readonly string[], names: LabelNames): CatalogRelation {
  const system = SYSTEM_LABELS[name];
  return {
    oid: 0,
    schema,
    name,
    opaque: false,
    columns: [...new Set(columns)].map((column, index): CatalogColumn => {
      const labels = system === undefined ? names.labelsOf({ schema, table: name, column }) : [system.label];
      return { name: column, attnum: index + 1, labels, derived: false, generated: false };
    }),
  };
}

function patternColumns(relation: string, { columnPatterns }: LabelNames): readonly string[] {
  return columnPatterns.flatMap((pattern) => {
    const [table, column] = pattern.split(".").slice(-2);
    return column !== undefined && !/[*?]/.test(column) && (table === relation || table === "*") ? [column] : [];
  });
}
