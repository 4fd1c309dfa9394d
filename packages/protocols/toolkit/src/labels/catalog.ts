import type { LabelPredicate, SqlName, StatementFacts, UnreadCode } from "@tidewaiter/core";

/** A column as the target's catalog and the policy's labels describe it. */
export interface CatalogColumn {
  readonly name: string;
  /** Position in the relation, from 1, as in pg_attribute. */
  readonly attnum: number;
  /** Labels of the column, sorted; empty = not sensitive. */
  readonly labels: readonly string[];
  /** The value is an expression over labelled columns (a view's `lower(email)`): only the full constant hides it. */
  readonly derived: boolean;
  /** Generated columns are left out by COPY of a table. */
  readonly generated: boolean;
}

export interface CatalogRelation {
  /** 0 in a catalog made from names alone. */
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly CatalogColumn[];
  /** What it shows is told by its definition. */
  readonly view?: boolean;
  /** Labels of columns that are not listed, while the schema is being changed; absent: there are none. */
  readonly anyColumn?: readonly string[];
  /** What the definition of a view asks about labelled values, whoever reads it. */
  readonly asks?: readonly LabelPredicate[];
  /** What its definition runs that nobody has read. */
  readonly unread?: UnreadCode | undefined;
  /** What its columns hold cannot be told (a view over something unknown): every column counts as sensitive. */
  readonly opaque: boolean;
}

/** How a statement may name code. `attribute`: `row.name`; `type`: a cast to or from it. */
export type CalledAs = "function" | "operator" | "attribute" | "type";

/** A function that may tell more than its arguments hold, and what is known of it. With only a name: nothing. */
export interface DatabaseCode {
  /** `schema.name`. */
  readonly name: string;
  /** A body in SQL. */
  readonly statements?: readonly StatementFacts[] | undefined;
  /** Labels whose values it may tell, as the policy says; none: it computes from its arguments alone. */
  readonly declared?: readonly string[];
  /** The catalog has never heard of it: refresh once. */
  readonly unlisted?: true;
  /** Nothing is known to be wrong with running it, but what it returns may be anything. */
  readonly opaque?: true;
}

/** What label resolution asks of a catalog. One implementation reads a live server, one knows only names. */
export interface Catalog {
  /** False = no column of this database carries a label: nothing needs masking by origin. */
  readonly hasLabels: boolean;
  readonly labels: readonly string[];
  /** Undefined = the catalog has never heard of it: refresh once, then treat as sensitive. */
  byOid(oid: number): CatalogRelation | undefined;
  /** Every relation the name may mean; without a schema in any schema, since search_path may change under us. */
  find(schema: string | undefined, name: string): readonly CatalogRelation[];
  /** Changes of rows may run code that no statement shows: some relation has triggers. */
  readonly triggers: boolean;
  /** Every function that the name may run and that may tell more than its arguments; what no catalog lists among them. */
  code(called: CalledAs, name: SqlName): readonly DatabaseCode[];
  /** Likewise by OID, as a query tree names a function. */
  codeByOid(oid: number): readonly DatabaseCode[];
}

/** A database in which no label applies: everything is known and nothing is sensitive. */
export const EMPTY_CATALOG: Catalog = {
  hasLabels: false,
  labels: [],
  byOid: () => undefined,
  find: () => [],
  triggers: false,
  code: () => [],
  codeByOid: () => [],
};

/** Functions below the views of SYSTEM_LABELS: they return other people's statements, or secrets, past the view. */
export const UNSAFE_FUNCTIONS: ReadonlySet<string> = new Set([
  "pg_cursor",
  "pg_prepared_statement",
  "pg_prepared_xact",
  "pg_stat_get_activity",
  "pg_stat_get_backend_activity",
  "pg_stat_get_wal_receiver",
]);

/**
 * Labels that Tidewaiter puts on the server's own relations wherever a database has labelled columns: they hold copies
 * of column values or of other people's statements. No policy names them, so they are masked with the constant.
 */
export const SYSTEM_LABELS: Readonly<
  Record<string, { readonly label: string; readonly columns: readonly string[] | "*" }>
> = {
  pg_statistic: { label: "system.statistics", columns: "*" },
  pg_statistic_ext_data: { label: "system.statistics", columns: "*" },
  pg_stats: {
    label: "system.statistics",
    columns: [
      "most_common_vals",
      "most_common_freqs",
      "histogram_bounds",
      "most_common_elems",
      "most_common_elem_freqs",
      "elem_count_histogram",
      "correlation",
      "n_distinct",
      "range_length_histogram",
      "range_bounds_histogram",
      "range_empty_frac",
    ],
  },
  pg_stats_ext: {
    label: "system.statistics",
    columns: [
      "most_common_vals",
      "most_common_val_nulls",
      "most_common_freqs",
      "most_common_base_freqs",
      "n_distinct",
      "dependencies",
    ],
  },
  pg_stats_ext_exprs: { label: "system.statistics", columns: "*" },
  pg_largeobject: { label: "system.data", columns: "*" },
  pg_stat_activity: { label: "system.statement", columns: ["query"] },
  pg_stat_statements: { label: "system.statement", columns: ["query"] },
  pg_prepared_statements: { label: "system.statement", columns: ["statement", "name"] },
  pg_cursors: { label: "system.statement", columns: ["statement", "name"] },
  pg_prepared_xacts: { label: "system.statement", columns: ["gid"] },
  pg_authid: { label: "system.secret", columns: ["rolpassword"] },
  pg_shadow: { label: "system.secret", columns: ["passwd"] },
  pg_user_mapping: { label: "system.secret", columns: ["umoptions"] },
  pg_user_mappings: { label: "system.secret", columns: ["umoptions"] },
  pg_subscription: { label: "system.secret", columns: ["subconninfo"] },
  pg_file_settings: { label: "system.secret", columns: ["setting"] },
  pg_hba_file_rules: { label: "system.secret", columns: "*" },
};
