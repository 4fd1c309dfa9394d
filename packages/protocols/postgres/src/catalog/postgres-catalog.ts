import type { LabelPredicate, SqlClassification, SqlName, UnreadCode } from "@tidewaiter/core";
import { mergeUses } from "@tidewaiter/core";
import type {
  CalledAs,
  Catalog,
  CatalogColumn,
  CatalogRelation,
  DatabaseCode,
} from "@tidewaiter/toolkit/labels/catalog";
import { SYSTEM_LABELS } from "@tidewaiter/toolkit/labels/catalog";
import { outputLabels, resolveLabels, touchedLabels } from "@tidewaiter/toolkit/labels/resolve-labels";
import type { TypeRow } from "../mask/server-types.ts";
import { NO_SERVER_TYPES, ServerTypes } from "../mask/server-types.ts";
import type { CodeRows } from "./database-code.ts";
import { DatabaseCodes, FIRST_USER_OID } from "./database-code.ts";
import { InheritedLabels } from "./inherited-labels.ts";

/** The part of the policy that says which columns are sensitive. */
export interface ColumnLabels {
  labelsOf(column: {
    readonly schema: string;
    readonly table: string;
    readonly column: string;
    readonly oid: number;
    readonly attnum: number;
  }): readonly string[];
}

/** Rows of the server's own catalogs, as `load-catalog` reads them. */
export interface CatalogRows {
  readonly columns: readonly {
    readonly oid: number;
    readonly schema: string;
    readonly relation: string;
    readonly column: string;
    readonly attnum: number;
    readonly generated: boolean;
    /** Name of its type. */
    readonly type?: string;
    /** `other`: a sequence or a temporary relation. */
    readonly kind?: "table" | "view" | "other";
  }[];
  readonly views: ReadonlyMap<number, string>;
  /** child oid -> parent oids: partitions and inheritance */
  readonly parents: ReadonlyMap<number, readonly number[]>;
  readonly partitioned?: ReadonlySet<number>;
  /** relation OID -> attnum of a generated column -> attnums that it is made from */
  readonly generatedFrom?: ReadonlyMap<number, ReadonlyMap<number, readonly number[]>>;
  readonly code: CodeRows;
  /** The server's own types; without them their values are masked by NULL. */
  readonly types?: readonly TypeRow[];
}

/** An immutable snapshot of one database: relations by OID and by name, each column with its labels. */
export class PostgresCatalog implements Catalog {
  readonly labels: readonly string[];
  readonly types: ServerTypes;
  readonly #byOid = new Map<number, Relation>();
  readonly #byName = new Map<string, Relation[]>();
  readonly #rows: CatalogRows;
  readonly #codes: DatabaseCodes;

  constructor(
    rows: CatalogRows,
    labels: ColumnLabels,
    classify: (sql: string) => SqlClassification,
    declared: (schema: string, name: string) => readonly string[] | undefined = () => undefined,
  ) {
    this.#rows = rows;
    this.#codes = new DatabaseCodes(rows.code, classify, declared);
    this.types = new ServerTypes(rows.types ?? []);
    const bare = new Map<number, { schema: string; name: string; columns: CatalogColumn[] }>();
    for (const row of rows.columns) {
      let relation = bare.get(row.oid);
      if (relation === undefined) {
        relation = { schema: row.schema, name: row.relation, columns: [] };
        bare.set(row.oid, relation);
      }
      relation.columns.push({
        name: row.column,
        attnum: row.attnum,
        labels:
          row.oid < FIRST_USER_OID
            ? systemLabels(row.relation, row.column)
            : labels.labelsOf({
                schema: row.schema,
                table: row.relation,
                column: row.column,
                oid: row.oid,
                attnum: row.attnum,
              }),
        derived: false,
        generated: row.generated,
      });
    }
    const inherited = new InheritedLabels(rows, (oid) => labelsByName(bare.get(oid)?.columns ?? []));
    for (const [oid, { schema, name, columns }] of bare) {
      const definition = rows.views.get(oid);
      const relation = new Relation({ oid, schema, name, view: definition !== undefined }, () =>
        definition === undefined
          ? this.#withGenerated(oid, withInherited(columns, inherited.of(oid)))
          : this.#viewColumns(definition, columns, classify),
      );
      if (definition !== undefined && oid >= FIRST_USER_OID)
        relation.questions = () => this.#questions(definition, classify);
      this.#byOid.set(oid, relation);
      const named = this.#byName.get(name);
      if (named === undefined) this.#byName.set(name, [relation]);
      else named.push(relation);
    }
    // a view over something unknown carries the labels known so far
    this.labels = this.labelsOfTables();
    this.labels = this.#allLabels();
  }

  get hasLabels(): boolean {
    return this.labels.length > 0;
  }

  byOid(oid: number): CatalogRelation | undefined {
    return this.#byOid.get(oid);
  }

  find(schema: string | undefined, name: string): readonly CatalogRelation[] {
    const named = this.#byName.get(name) ?? [];
    return schema === undefined ? named : named.filter((relation) => relation.schema === schema);
  }

  get triggers(): boolean {
    return this.#rows.code.triggers;
  }

  code(called: CalledAs, name: SqlName): readonly DatabaseCode[] {
    return this.#codes.called(called, name);
  }

  codeByOid(oid: number): readonly DatabaseCode[] {
    return this.#codes.byOid(oid);
  }

  /** A generated column shows what it is made from. */
  #withGenerated(oid: number, columns: readonly CatalogColumn[]): readonly CatalogColumn[] {
    const made = this.#rows.generatedFrom?.get(oid);
    if (made === undefined) return columns;
    return columns.map((column) => {
      const from = made.get(column.attnum) ?? [];
      const labels = columns.filter(({ attnum }) => from.includes(attnum)).flatMap((source) => source.labels);
      return labels.length === 0 ? column : { ...column, labels: union(column.labels, labels), derived: true };
    });
  }

  /** Labels of a view's columns, from its own definition; what cannot be told carries every label it touches. */
  #viewColumns(
    definition: string,
    columns: readonly CatalogColumn[],
    classify: (sql: string) => SqlClassification,
  ): readonly CatalogColumn[] {
    const classified = classify(definition);
    const facts = classified.ok && classified.statements.length === 1 ? classified.statements[0] : undefined;
    return columns.map((column, index) => {
      if (facts === undefined) return { ...column, labels: union(column.labels, this.labelsOfTables()), derived: true };
      const from = outputLabels(facts, index, columns.length, this);
      if (from === "unknown")
        return { ...column, labels: union(column.labels, touchedLabels(facts, this)), derived: true };
      return { ...column, labels: union(column.labels, from), derived: facts.outputs[index]?.plain !== true };
    });
  }

  /** Which rows a view has, and in which order, tells about the values that its definition tests. */
  #questions(definition: string, classify: (sql: string) => SqlClassification): Questions {
    const classified = classify(definition);
    if (!classified.ok) return NO_QUESTIONS;
    const { predicates, unread } = mergeUses(classified.statements.map((facts) => resolveLabels(facts, this)));
    return { predicates: predicates.map(({ label, use }) => ({ label, use, literals: 0 })), unread };
  }

  /** Every label given to a plain table of a user; needed before views are resolved. */
  labelsOfTables(): readonly string[] {
    const labels = new Set<string>();
    for (const [oid, relation] of this.#byOid) {
      if (oid < FIRST_USER_OID || this.#rows.views.has(oid)) continue;
      for (const column of relation.columns) for (const label of column.labels) labels.add(label);
    }
    return [...labels].sort();
  }

  /** System labels count only where a user's column is labelled. */
  #allLabels(): readonly string[] {
    const labels = new Set<string>();
    for (const [oid, relation] of this.#byOid) {
      if (oid < FIRST_USER_OID) continue;
      for (const column of relation.columns) for (const label of column.labels) labels.add(label);
    }
    return [...labels].sort();
  }
}

/** The types that a catalog knows beside the built-in ones. */
export function typesOf(catalog: Catalog): ServerTypes {
  return "types" in catalog && catalog.types instanceof ServerTypes ? catalog.types : NO_SERVER_TYPES;
}

/** What reading a view asks, whoever reads it. */
interface Questions {
  readonly predicates: readonly LabelPredicate[];
  readonly unread: UnreadCode | undefined;
}

const NO_QUESTIONS: Questions = { predicates: [], unread: undefined };

class Relation implements CatalogRelation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly view: boolean;
  readonly opaque = false;
  #columns: readonly CatalogColumn[] | undefined;
  #resolving = false;
  #asks: Questions | undefined;
  #asking = false;
  questions: () => Questions = () => NO_QUESTIONS;
  readonly #resolve: () => readonly CatalogColumn[];

  constructor(
    { oid, schema, name, view }: { oid: number; schema: string; name: string; view: boolean },
    resolve: () => readonly CatalogColumn[],
  ) {
    this.oid = oid;
    this.schema = schema;
    this.name = name;
    this.view = view;
    this.#resolve = resolve;
  }

  get asks(): readonly LabelPredicate[] {
    return this.#questions.predicates;
  }

  get unread(): UnreadCode | undefined {
    return this.#questions.unread;
  }

  get #questions(): Questions {
    // a body in SQL may read the view that calls it
    if (this.#asking) return NO_QUESTIONS;
    this.#asking = true;
    this.#asks ??= this.questions();
    this.#asking = false;
    return this.#asks;
  }

  /** Resolved on first use. A view cannot contain itself, so meeting one that is being resolved finds nothing. */
  get columns(): readonly CatalogColumn[] {
    if (this.#columns === undefined) {
      if (this.#resolving) return [];
      this.#resolving = true;
      this.#columns = this.#resolve();
      this.#resolving = false;
    }
    return this.#columns;
  }
}

function labelsByName(columns: readonly CatalogColumn[]): ReadonlyMap<string, readonly string[]> {
  return new Map(columns.map((column) => [column.name, column.labels]));
}

function withInherited(
  columns: readonly CatalogColumn[],
  inherited: ReadonlyMap<string, readonly string[]> | undefined,
): readonly CatalogColumn[] {
  if (inherited === undefined) return columns;
  return columns.map((column) => ({ ...column, labels: union(column.labels, inherited.get(column.name) ?? []) }));
}

function systemLabels(relation: string, column: string): readonly string[] {
  const system = SYSTEM_LABELS[relation];
  if (system === undefined) return [];
  return system.columns === "*" || system.columns.includes(column) ? [system.label] : [];
}

function union(a: readonly string[], b: readonly string[]): readonly string[] {
  return a.length === 0 ? b : b.length === 0 ? a : [...new Set([...a, ...b])].sort();
}
