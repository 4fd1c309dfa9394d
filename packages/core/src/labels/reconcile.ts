import {
  type BoundColumn,
  type BoundRelation,
  type ColumnState,
  labelsOfBound,
  type SchemaDrift,
  type SeenRelation,
} from "./bindings.ts";
import type { ColumnName, LabelMatcher } from "./label-matcher.ts";

export interface ReconcileInput {
  readonly seen: readonly SeenRelation[];
  /** What is bound in this very place; undefined at the first look at it. */
  readonly bound: readonly BoundRelation[] | undefined;
  /** At the first look: what is bound for the same database on the server that was seen before. */
  readonly elsewhere?: readonly BoundRelation[];
  /** Name of the database, for `other_server`. */
  readonly database: string;
  /** The revision that a save will make. */
  readonly revision: number;
  readonly matcher: LabelMatcher;
}

export interface Reconciled {
  /** Everything that is bound from now on. */
  readonly relations: readonly BoundRelation[];
  readonly changed: readonly BoundRelation[];
  readonly forgotten: readonly number[];
  readonly drift: readonly SchemaDrift[];
}

/** Relations that are gone are remembered so that one that takes their name is known; the oldest go first. */
const MAX_GONE = 2_000;

/**
 * Brings bindings and a server's catalogs together. At the very first look everything there is known; afterwards labels
 * stay with (relation OID, attnum) through renames, and what appears beside labelled columns is `unclassified`. A relation
 * with another OID takes over from the one whose name it has; one whose OID is known but whose name and columns are not is
 * told by its name, with the stricter of both. Never loosens: earlier names under which a column carried labels are kept.
 */
export function reconcile(input: ReconcileInput): Reconciled {
  return new Reconciliation(input).run();
}

class Reconciliation {
  readonly #input: ReconcileInput;
  readonly #drift: SchemaDrift[] = [];
  readonly #seen: ReadonlyMap<number, SeenRelation>;
  readonly #bound: ReadonlyMap<number, BoundRelation>;
  /** Bound relations that are, by their name and columns, the seen one with their OID. */
  readonly #same = new Map<number, BoundRelation>();
  /** By qualified name: relations whose place a seen one may take. */
  readonly #predecessors = new Map<string, BoundRelation>();
  readonly #labelledSchemas = new Set<string>();

  constructor(input: ReconcileInput) {
    this.#input = input;
    this.#seen = new Map(input.seen.map((relation) => [relation.oid, relation]));
    this.#bound = new Map((input.bound ?? []).map((relation) => [relation.oid, relation]));
    for (const seen of input.seen) {
      const bound = this.#bound.get(seen.oid);
      if (bound !== undefined && agrees(bound, seen)) this.#same.set(seen.oid, bound);
    }
    for (const relation of [...(input.bound ?? []), ...(input.elsewhere ?? [])]) this.#offer(relation);
    for (const relation of [...input.seen, ...(input.bound ?? []), ...(input.elsewhere ?? [])])
      if (relation.kind === "table" && this.#isLabelled(relation)) this.#labelledSchemas.add(relation.schema);
  }

  run(): Reconciled {
    const { bound, elsewhere = [], database, seen } = this.#input;
    const first = bound === undefined && elsewhere.length === 0;
    if (bound === undefined && !first) this.#drift.push({ what: "other_server", relation: database });
    const present = seen.map((relation) => (first ? knownAll(relation) : this.#resolve(relation)));
    const names = new Set(seen.map(qualified));
    const missing = (bound ?? []).filter((relation) => !this.#seen.has(relation.oid));
    const gone = missing.filter((relation) => !names.has(qualified(relation))).map((each) => this.#vanish(each));
    const kept = gone.sort((a, b) => b.gone - a.gone).slice(0, MAX_GONE);
    const relations = [...present, ...kept];
    const staying = new Set(relations.map((relation) => relation.oid));
    return {
      relations,
      changed: relations.filter((relation) => !equal(this.#bound.get(relation.oid), relation)),
      forgotten: missing.filter(({ oid }) => !staying.has(oid)).map(({ oid }) => oid),
      drift: this.#drift,
    };
  }

  /** Of several that had a name the one that had it last. */
  #offer(relation: BoundRelation): void {
    if (this.#same.has(relation.oid) && this.#bound.get(relation.oid) === relation) return;
    const name = qualified(relation);
    const other = this.#predecessors.get(name);
    if (other === undefined || (other.gone !== 0 && (relation.gone === 0 || relation.gone > other.gone)))
      this.#predecessors.set(name, relation);
  }

  #resolve(seen: SeenRelation): BoundRelation {
    const same = this.#same.get(seen.oid);
    const predecessor = this.#predecessors.get(qualified(seen));
    const before = this.#drift.length;
    if (same !== undefined) this.#noteRename(seen, same);
    else this.#noteNew(seen, predecessor);
    const columns = seen.columns.map((column) => this.#column(seen, column, { same, predecessor }));
    const left = same?.columns.filter(({ attnum }) => !seen.columns.some((column) => column.attnum === attnum)) ?? [];
    for (const column of left)
      if (column.gone !== true) this.#drift.push({ what: "dropped", relation: qualified(seen), column: column.name });
    if (!this.#matters(seen) && (same === undefined || !this.#matters(same))) this.#drift.length = before;
    const { oid, schema, name, kind } = seen;
    return { oid, schema, name, kind, gone: 0, columns: [...columns, ...left.map(vanished)] };
  }

  #column(
    seen: SeenRelation,
    column: SeenRelation["columns"][number],
    { same, predecessor }: { same: BoundRelation | undefined; predecessor: BoundRelation | undefined },
  ): BoundColumn {
    const kept = same?.columns.find(({ attnum }) => attnum === column.attnum);
    const taken = predecessor?.columns.find((each) => each.gone !== true && each.name === column.name);
    // an OID that is known and means something else: its labels hold as well, since either may be what is there
    const doubtful = same === undefined ? this.#bound.get(seen.oid) : undefined;
    const other = doubtful?.columns.find(({ attnum }) => attnum === column.attnum);
    const names = [
      ...this.#labelledNames(same, kept, seen, column.name),
      ...this.#labelledNames(predecessor, taken, seen, column.name),
      ...(taken === undefined ? this.#labelledNames(doubtful, other, seen, column.name) : []),
    ];
    const { attnum, name, type } = column;
    const carried = names.flatMap((each) => this.#input.matcher.labelsOf(each));
    const state = this.#state(seen, column, { kept, taken, carried });
    return { attnum, name, type, state, ...(names.length > 0 && { names: unique(names) }) };
  }

  #state(
    seen: SeenRelation,
    { name, type }: SeenRelation["columns"][number],
    { kept, taken, carried }: Before,
  ): ColumnState {
    const relation = qualified(seen);
    const known = kept ?? taken;
    if (known === undefined) {
      if (seen.kind === "view" || this.#inheritsColumn(seen, name)) return "known";
      const proposed = this.#proposal(name);
      if (this.#same.has(seen.oid) || this.#predecessors.has(relation))
        this.#drift.push({ what: "new_column", relation, column: name, ...proposed });
      return this.#matters(seen) ? "unclassified" : "known";
    }
    if (known.name !== name && known.gone !== true)
      this.#drift.push({ what: "renamed", relation, column: name, from: known.name, ...this.#proposal(name, carried) });
    if (known.type !== type) this.#drift.push({ what: "retyped", relation, column: name, from: known.type });
    // another name and another type at once: nothing of what was decided is about this column
    if (known.name !== name && known.type !== type && this.#matters(seen)) return "unclassified";
    // a table that takes the place of one that is gone is what that was
    return kept?.state === "unclassified" && taken !== undefined ? taken.state : known.state;
  }

  /** The names under which a bound column carries labels, as far as its present name is another. */
  #labelledNames(
    relation: BoundRelation | undefined,
    column: BoundColumn | undefined,
    seen: SeenRelation,
    now: string,
  ): readonly ColumnName[] {
    if (relation === undefined || column === undefined) return [];
    const before = { schema: relation.schema, table: relation.name, column: column.name };
    const isNow = before.schema === seen.schema && before.table === seen.name && before.column === now;
    const carried = !isNow && this.#input.matcher.labelsOf(before).length > 0;
    return [...(column.names ?? []), ...(carried ? [before] : [])];
  }

  /** The label of a parent's column reaches its children by itself. */
  #inheritsColumn(seen: SeenRelation, name: string): boolean {
    return seen.parents.some((oid) => this.#seen.get(oid)?.columns.some((column) => column.name === name) === true);
  }

  #noteRename(seen: SeenRelation, same: BoundRelation): void {
    if (qualified(seen) !== qualified(same) && same.gone === 0)
      this.#drift.push({ what: "renamed", relation: qualified(seen), from: qualified(same) });
  }

  #noteNew(seen: SeenRelation, predecessor: BoundRelation | undefined): void {
    const relation = qualified(seen);
    if (predecessor !== undefined) {
      if (this.#input.bound !== undefined) this.#drift.push({ what: "recreated", relation });
      return;
    }
    const own = seen.columns.filter(({ name }) => !this.#inheritsColumn(seen, name));
    if (seen.kind === "view" || own.length === 0) return;
    const proposals = own.flatMap(({ name }) => {
      const { proposed } = this.#proposal(name);
      return proposed === undefined ? [] : [`${name}: ${proposed}`];
    });
    const proposed = proposals.length === 0 ? {} : { proposed: proposals.join(", ") };
    this.#drift.push({ what: "new_table", relation, ...proposed });
  }

  #vanish(relation: BoundRelation): BoundRelation {
    if (relation.gone !== 0) return relation;
    if (this.#matters(relation)) this.#drift.push({ what: "dropped", relation: qualified(relation) });
    return { ...relation, gone: this.#input.revision };
  }

  #proposal(column: string, carried: readonly string[] = []): { readonly proposed?: string } {
    const labels = [...new Set([...carried, ...this.#input.matcher.propose(column)])].sort();
    return labels.length === 0 ? {} : { proposed: labels.join(", ") };
  }

  /** Holds labels, or stands in a schema that holds some. */
  #matters(relation: SeenRelation | BoundRelation): boolean {
    return this.#labelledSchemas.has(relation.schema) || this.#isLabelled(relation);
  }

  #isLabelled(relation: SeenRelation | BoundRelation): boolean {
    return relation.columns.some((column) => labelsOfBound(relation, column, this.#input.matcher).length > 0);
  }
}

/** What was bound before a column that is there now. */
interface Before {
  /** By its number. */
  readonly kept: BoundColumn | undefined;
  /** By its name, of a relation whose place this one takes. */
  readonly taken: BoundColumn | undefined;
  /** By its earlier names. */
  readonly carried: readonly string[];
}

function knownAll({ oid, schema, name, kind, columns }: SeenRelation): BoundRelation {
  return { oid, schema, name, kind, gone: 0, columns: columns.map((column) => ({ ...column, state: "known" })) };
}

/** The same relation: its name is the same, or most of its columns are. */
function agrees(bound: BoundRelation, seen: SeenRelation): boolean {
  if (qualified(bound) === qualified(seen)) return true;
  const columns = bound.columns.filter((column) => column.gone !== true);
  const names = new Map(seen.columns.map((column) => [column.attnum, column.name]));
  const shared = columns.filter((column) => names.get(column.attnum) === column.name).length;
  return shared * 2 > Math.max(columns.length, seen.columns.length);
}

function vanished(column: BoundColumn): BoundColumn {
  return { ...column, gone: true };
}

function qualified({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${schema}.${name}`;
}

function unique(names: readonly ColumnName[]): readonly ColumnName[] {
  return [...new Map(names.map((name) => [JSON.stringify(name), name])).values()];
}

function equal(a: BoundRelation | undefined, b: BoundRelation): boolean {
  return a !== undefined && JSON.stringify(a) === JSON.stringify(b);
}
