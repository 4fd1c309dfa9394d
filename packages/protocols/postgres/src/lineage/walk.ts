import type { ColumnRef, PredicateUse, RelationUse, WrittenColumn } from "./lineage.ts";
import { LineageError } from "./lineage-error.ts";
import type { Column } from "./scope.ts";
import { type ColumnKey, columnOf, isOneColumn, type Value } from "./value.ts";

export type Use = PredicateUse["use"];

/** Steps of one walk: nodes visited, and columns carried from one value to the next. */
const MAX_STEPS = 2_000_000;

/** Passes over recursive queries, all together: those inside others multiply. */
const MAX_REHEARSALS = 300;

interface RecordedUse {
  readonly column: ColumnKey;
  readonly use: Use;
  literals: number;
  readonly partners: Set<ColumnKey>;
}

/** What a walk through one tree has found so far, apart from the values of its outputs. */
export class Walk {
  readonly functions = new Set<number>();
  readonly operators = new Set<number>();
  readonly types = new Set<number>();
  readonly opaque = new Set<string>();
  readonly writes: WrittenColumn[] = [];
  /** Columns of the sub-selects whose comparisons are being walked, the innermost last. */
  readonly subSelects: (readonly Column[])[] = [];
  readonly #relations = new Map<string, RelationUse>();
  #uses = new Map<string, RecordedUse>();
  readonly #lists = new Map<ReadonlySet<unknown>, readonly unknown[]>();
  readonly #columns = new Map<ReadonlySet<ColumnKey>, readonly ColumnRef[]>();
  #steps = 0;
  #rehearsals = 0;

  step(count = 1): void {
    this.#steps += count;
    if (this.#steps > MAX_STEPS) throw new LineageError("too-many-nodes");
  }

  relation(oid: number, kind: string, access: RelationUse["access"]): void {
    this.#relations.set(`${oid} ${access}`, { oid, kind, access });
  }

  /** The value decides something; what is opaque in it makes the whole statement unsure. */
  record(value: Value, use: Use, details: { literals?: number; partners?: Value } = {}): void {
    this.step(value.sources.size + 1);
    for (const reason of value.opaque) this.opaque.add(reason);
    for (const column of value.sources) {
      const key = `${column} ${use}`;
      let recorded = this.#uses.get(key);
      if (recorded === undefined) {
        recorded = { column, use, literals: 0, partners: new Set() };
        this.#uses.set(key, recorded);
      }
      recorded.literals += details.literals ?? 0;
      for (const partner of details.partners?.sources ?? []) recorded.partners.add(partner);
    }
  }

  write(relation: number, attnum: number, value: Value): void {
    for (const reason of value.opaque) this.opaque.add(reason);
    this.writes.push({
      column: { relation, attnum },
      sources: this.columns(value.sources),
      plain: isOneColumn(value),
      functions: this.list(value.functions),
    });
  }

  /** Values share their sets, and results share the lists: many wide outputs cost no more than one. */
  list<T>(set: ReadonlySet<T>): readonly T[] {
    let list = this.#lists.get(set);
    if (list === undefined) {
      list = [...set];
      this.#lists.set(set, list);
    }
    return list as readonly T[];
  }

  columns(set: ReadonlySet<ColumnKey>): readonly ColumnRef[] {
    let list = this.#columns.get(set);
    if (list === undefined) {
      list = [...set].map(columnOf);
      this.#columns.set(set, list);
    }
    return list;
  }

  /** Undoes the recorded uses of `pass` unless it returns true: a recursive query is walked until nothing changes. */
  rehearse(pass: () => boolean): boolean {
    if (++this.#rehearsals > MAX_REHEARSALS) throw new LineageError("too-many-nodes");
    const before = new Map([...this.#uses].map(([key, use]) => [key, { ...use, partners: new Set(use.partners) }]));
    const kept = pass();
    if (!kept) this.#uses = before;
    return kept;
  }

  relations(): readonly RelationUse[] {
    return [...this.#relations.values()];
  }

  predicates(): readonly PredicateUse[] {
    return [...this.#uses.values()].map(({ column, use, literals, partners }) => ({
      column: columnOf(column),
      use,
      ...(use === "equality" ? { literals } : {}),
      ...(use === "join" ? { partners: [...partners].map(columnOf) } : {}),
    }));
  }
}
