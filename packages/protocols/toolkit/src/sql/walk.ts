import type { SqlColumnUse, SqlColumnUseKind, SqlRelation, SqlWhere, SqlWrite } from "@tidewaiter/core/sql-facts";
import { type Column, ColumnSet } from "./column-set.ts";
import type { Tree } from "./tree.ts";

/** Steps after which a statement counts as too complex; nested recursive CTEs multiply their walks. */
const MAX_STEPS = 2_000_000;

/** Thrown when a statement costs more than `MAX_STEPS`; becomes `ok: false`, reason `analyser`. */
export class TooComplex extends Error {}

/** What one statement's walk collects. */
export class Walk {
  readonly relations = new Map<string, SqlRelation>();
  readonly writes: SqlWrite[] = [];
  readonly seen = new Set<Tree>();
  where: SqlWhere | undefined;
  /** Above 0 while the same text is walked again (recursive CTEs): its literals are already counted. */
  replays = 0;
  readonly #uses = new Map<string, { use: SqlColumnUse; literals: number }>();
  readonly #gathering: ColumnSet[] = [];
  #steps = 0;

  step(): void {
    if (++this.#steps > MAX_STEPS) throw new TooComplex("statement is too complex");
  }

  record(column: Column, use: SqlColumnUseKind, literals = 0): void {
    for (const set of this.#gathering) set.add(column);
    const key = `${use}\0${column.qualifier ?? ""}\0${column.name}`;
    const found = this.#uses.get(key);
    const counted = this.replays > 0 ? 0 : literals;
    if (found !== undefined) {
      found.literals += counted;
      return;
    }
    const named = column.qualifier === undefined ? {} : { qualifier: column.qualifier };
    this.#uses.set(key, { use: { name: column.name, ...named, use }, literals: counted });
  }

  recordAll(columns: ColumnSet, use: SqlColumnUseKind): void {
    for (const column of columns) this.record(column, use);
  }

  /** Everything recorded while `body` runs: what a sub-select touches, its predicates included. */
  gather(body: () => void): ColumnSet {
    const set = new ColumnSet();
    this.#gathering.push(set);
    try {
      body();
    } finally {
      this.#gathering.pop();
    }
    return set;
  }

  relation(relation: SqlRelation): void {
    const key = [relation.access, relation.schema ?? "", relation.name, relation.alias ?? ""].join("\0");
    if (!this.relations.has(key)) this.relations.set(key, relation);
  }

  /** Strictest wins: none, then constant, then real. */
  noteWhere(where: SqlWhere): void {
    const order: readonly SqlWhere[] = ["none", "constant", "real"];
    if (this.where === undefined || order.indexOf(where) < order.indexOf(this.where)) this.where = where;
  }

  uses(): SqlColumnUse[] {
    return [...this.#uses.values()].map(({ use, literals }) => (use.use === "equality" ? { ...use, literals } : use));
  }
}

/** `schemaname`, `relname` and alias of a RangeVar. */
export function relationOf(range: Tree, access: "read" | "write"): SqlRelation {
  const schema = range.schemaname;
  const alias = aliasOf(range);
  return {
    ...(typeof schema === "string" ? { schema } : {}),
    name: String(range.relname ?? ""),
    access,
    ...(alias === undefined ? {} : { alias }),
  };
}

export function aliasOf(node: Tree): string | undefined {
  const alias = node.alias;
  const name = typeof alias === "object" && alias !== null ? (alias as Tree).aliasname : undefined;
  return typeof name === "string" ? name : undefined;
}
