import type { ColumnName, LabelMatcher } from "./label-matcher.ts";

/** Carried by columns that appeared beside labelled ones and that nobody has decided about. No policy needs to define it. */
export const UNCLASSIFIED = "unclassified";

/** One database on one server. What is bound in one place never speaks about another. */
export interface LabelPlace {
  readonly resourceId: string;
  /**
   * `system_identifier` of pg_control_system(), in decimal; a physical replica has its primary's. Empty where the target
   * role may not read it: then only the structure of relations tells one server from another.
   */
  readonly systemId: string;
  readonly databaseOid: number;
  /** Name of the database: finds what was bound on another server before a failover or restore. */
  readonly database: string;
}

export type RelationKind = "table" | "view";

/** A relation as the server's catalogs show it now. Temporary ones and the server's own are left out. */
export interface SeenRelation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: RelationKind;
  /** OIDs of the relations that it is a partition or child of. */
  readonly parents: readonly number[];
  readonly columns: readonly { readonly attnum: number; readonly name: string; readonly type: string }[];
}

/** `known`: there at the first look, or beside nothing labelled. `accepted`: an administrator said that it holds nothing. */
export type ColumnState = "known" | "unclassified" | "accepted";

export interface BoundColumn {
  readonly attnum: number;
  readonly name: string;
  readonly type: string;
  readonly state: ColumnState;
  /** Earlier names under which it carried labels: what those say still holds. */
  readonly names?: readonly ColumnName[];
  /** Not there at the last look. A number is never given to another column, so that it may come back. */
  readonly gone?: true;
}

/** What is known of one relation; kept by the control plane. */
export interface BoundRelation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: RelationKind;
  /** 0 while it is there, else the revision since which it is not. */
  readonly gone: number;
  readonly columns: readonly BoundColumn[];
}

export interface LabelBindings {
  /** Rises with every change of this place; 0 = nothing was ever bound here. */
  readonly revision: number;
  /** Absent when `revision` is the one that the caller named: it has them already. */
  readonly relations?: readonly BoundRelation[];
  /** At revision 0: what is bound for the database of this name on the server that was seen before. */
  readonly elsewhere?: readonly BoundRelation[];
}

export const DRIFT_KINDS = [
  "new_column",
  "new_table",
  "renamed",
  "dropped",
  "retyped",
  "recreated",
  "other_server",
] as const;

/** One difference between what was bound and what is there. */
export interface SchemaDrift {
  readonly what: (typeof DRIFT_KINDS)[number];
  /** `schema.table`; of `other_server` the database. */
  readonly relation: string;
  readonly column?: string;
  /** The name or type before. */
  readonly from?: string;
  /** What the policy's own words suggest: `pii.email`, for a table `email: pii.email, ...`. */
  readonly proposed?: string;
}

export interface LabelBindingSave {
  readonly place: LabelPlace;
  /** Whose connection saw it. */
  readonly sessionId?: string;
  /** The revision that the differences were found against; another one in force refuses the save. */
  readonly base: number;
  readonly changed: readonly BoundRelation[];
  /** OIDs of relations that are not kept any longer. */
  readonly forgotten: readonly number[];
  /** Each becomes one audit event. */
  readonly drift: readonly SchemaDrift[];
}

export type LabelBindingSaved = { readonly ok: true; readonly revision: number } | { readonly ok: false };

/** Every label that a column carries: by its name now and by those under which it carried labels. */
export function labelsOfBound(
  relation: Pick<BoundRelation, "schema" | "name">,
  column: Pick<BoundColumn, "name" | "names">,
  matcher: Pick<LabelMatcher, "labelsOf">,
): readonly string[] {
  const own = matcher.labelsOf({ schema: relation.schema, table: relation.name, column: column.name });
  if (column.names === undefined) return own;
  return [...new Set([...own, ...column.names.flatMap((name) => matcher.labelsOf(name))])].sort();
}

export interface BoundColumnLabels {
  readonly relation: BoundRelation;
  readonly column: BoundColumn;
  /** Sorted; `unclassified` alone where nobody has decided. */
  readonly labels: readonly string[];
}

/** Labels of the columns of one place by (relation OID, attnum), as a policy reads its bindings. */
export class BoundLabels {
  readonly #byOid = new Map<number, ReadonlyMap<number, BoundColumnLabels>>();
  readonly #matcher: LabelMatcher;

  /** `unclassified`: `mask` unless the policy or the resource says `detect`. */
  constructor(
    relations: readonly BoundRelation[],
    matcher: LabelMatcher,
    unclassified: "mask" | "detect" = matcher.unclassified,
  ) {
    this.#matcher = matcher;
    const present = relations.filter((relation) => relation.gone === 0);
    for (const relation of present) this.#byOid.set(relation.oid, byNumber(relation, matcher));
    if (unclassified === "mask") this.#markUnclassified(present);
  }

  /** A relation that is not bound (a temporary one) is told by its names. */
  labelsOf(column: ColumnName & { readonly oid?: number; readonly attnum?: number }): readonly string[] {
    const bound = this.#byOid.get(column.oid ?? 0)?.get(column.attnum ?? 0);
    return bound === undefined ? this.#matcher.labelsOf(column) : bound.labels;
  }

  /** Every column that is there, in the order of its relation. */
  all(): readonly BoundColumnLabels[] {
    return [...this.#byOid.values()].flatMap((columns) => [...columns.values()]);
  }

  #markUnclassified(present: readonly BoundRelation[]): void {
    const labelled = new Set<string>();
    for (const { schema, oid, kind } of present) if (kind === "table" && this.#isLabelled(oid)) labelled.add(schema);
    for (const relation of present) {
      if (!labelled.has(relation.schema) && !this.#isLabelled(relation.oid)) continue;
      const columns = this.#byOid.get(relation.oid);
      if (columns === undefined) continue;
      const marked = [...columns].map(([attnum, bound]) => [attnum, this.#marked(bound)] as const);
      this.#byOid.set(relation.oid, new Map(marked));
    }
  }

  #marked(bound: BoundColumnLabels): BoundColumnLabels {
    const { relation, column, labels } = bound;
    if (column.state !== "unclassified" || labels.length > 0) return bound;
    const name = { schema: relation.schema, table: relation.name, column: column.name };
    return this.#matcher.isClassified(name) ? bound : { ...bound, labels: [UNCLASSIFIED] };
  }

  #isLabelled(oid: number): boolean {
    return [...(this.#byOid.get(oid)?.values() ?? [])].some(({ labels }) => labels.length > 0);
  }
}

function byNumber(relation: BoundRelation, matcher: LabelMatcher): ReadonlyMap<number, BoundColumnLabels> {
  const present = relation.columns.filter((column) => column.gone !== true);
  return new Map(
    present.map((column) => [column.attnum, { relation, column, labels: labelsOfBound(relation, column, matcher) }]),
  );
}
