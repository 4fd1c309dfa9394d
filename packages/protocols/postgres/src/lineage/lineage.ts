/**
 * What one analysed and rewritten query tree says, as PostgreSQL prints it (`debug_print_rewritten`, or
 * `pg_rewrite.ev_action`): plain data without names, labels or policy. Where the walk is not sure it reports more.
 */
export interface Lineage {
  /** 32 hex digits of SHA-256 over the bytes of the tree without its locations: equal trees mean equal statements. */
  readonly hash: string;
  readonly command: "select" | "update" | "insert" | "delete" | "merge" | "utility" | "nothing" | "unknown";
  /** Node name of the utility statement (`DECLARECURSORSTMT`), where the server prints it. */
  readonly utility?: string;
  /**
   * Per column of the result in its order, junk left out; for a write, of RETURNING; for a utility statement, of the
   * query that it carries (a cursor, CREATE TABLE AS, EXPLAIN), which need not be the columns of its own result.
   */
  readonly outputs: readonly OutputLineage[];
  /** Every relation of every range table, used by an output or not. */
  readonly relations: readonly RelationUse[];
  /** Columns that decide something: which rows come, how many, in what order, which branch. */
  readonly predicates: readonly PredicateUse[];
  readonly writes: readonly WrittenColumn[];
  /** OIDs of functions, aggregates, window functions, and of functions behind operators and casts. */
  readonly functions: readonly number[];
  /** OIDs of operators whose function the tree does not tell. */
  readonly operators: readonly number[];
  /** OIDs of types read or written by their input and output functions (casts through text), and of domains with checks. */
  readonly types: readonly number[];
  /** Why the walk is not sure outside of one output: names of nodes and range-table kinds that it does not know. */
  readonly opaque: readonly string[];
}

/** `attnum` 0 is the whole row; negative ones are system columns. */
export interface ColumnRef {
  readonly relation: number;
  readonly attnum: number;
}

export interface OutputLineage {
  readonly name: string;
  /** Every column that the value may depend on, but not through a predicate (CASE conditions count as sources). */
  readonly sources: readonly ColumnRef[];
  /** The value is one column as it is, through aliases, sub-selects and joins. */
  readonly plain: boolean;
  /** Functions that the value went through; opaque when one of them is not known to be harmless. */
  readonly functions: readonly number[];
  /** Why the walk is not sure about this value. */
  readonly opaque: readonly string[];
}

export interface RelationUse {
  readonly oid: number;
  /** As pg_class.relkind; a view that was expanded is listed too. */
  readonly kind: string;
  readonly access: "read" | "write";
}

/** As in the classifier's facts (`SqlColumnUseKind`), with columns by number. */
export interface PredicateUse {
  readonly column: ColumnRef;
  readonly use: "equality" | "join" | "order" | "group" | "pattern" | "expression";
  /** Only for `equality`: literals or parameters that it is compared with. */
  readonly literals?: number;
  /** Only for `join`: the columns it is compared with. */
  readonly partners?: readonly ColumnRef[];
}

export interface WrittenColumn {
  readonly column: ColumnRef;
  /** Columns that flow into it; empty for literals and parameters. */
  readonly sources: readonly ColumnRef[];
  /** The value is one column as it is. */
  readonly plain: boolean;
  readonly functions: readonly number[];
}
