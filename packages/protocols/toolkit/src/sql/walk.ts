import type {
  SqlColumnUse,
  SqlColumnUseKind,
  SqlComparedValue,
  SqlRelation,
  SqlWhere,
  SqlWrite,
} from "@tidewaiter/core/sql-facts";
import { type Column, ColumnSet } from "./column-set.ts";
import type { Tree } from "./tree.ts";

/** Steps for any statement, and more per character: a node takes some five characters and is visited a few times. */
const BASE_STEPS = 20_000;
const STEPS_PER_CHARACTER = 20;

/** Thrown when a statement costs more (nested recursive CTEs and stars multiply their walks); becomes `ok: false`, reason `analyser`. */
export class TooComplex extends Error {}

/** A literal by the byte at which it begins, or a parameter. */
export type WalkedValue = { readonly byte: number } | { readonly param: number; readonly list?: true };

type RecordedUse = {
  readonly use: SqlColumnUse;
  literals: number;
  readonly partners: Set<string>;
  readonly values: WalkedValue[];
};

export interface Compared {
  readonly literals: number;
  readonly values: readonly WalkedValue[];
}

const NOTHING: Compared = { literals: 0, values: [] };

/** What one statement's walk collects. */
export class Walk {
  readonly relations = new Map<string, SqlRelation>();
  readonly writes: SqlWrite[] = [];
  readonly seen = new Set<Tree>();
  where: SqlWhere | undefined;
  /** Above 0 while the same text is walked again (recursive CTEs): its literals are already counted. */
  replays = 0;
  readonly #uses = new Map<string, RecordedUse>();
  readonly #gathering: ColumnSet[] = [];
  #steps: number;

  /** `length` of the statement's text in characters. */
  constructor(length: number) {
    this.#steps = BASE_STEPS + STEPS_PER_CHARACTER * length;
  }

  step(cost = 1): void {
    this.#steps -= cost;
    if (this.#steps < 0) throw new TooComplex("statement is too complex");
  }

  /** `compared`: how many values it is compared with, and those that are known. */
  record(column: Column, use: SqlColumnUseKind, compared: Compared = NOTHING, partners: Iterable<string> = []): void {
    for (const set of this.#gathering) set.add(column);
    const key = `${use}\0${column.qualifier ?? ""}\0${column.name}`;
    const found = this.#uses.get(key);
    const { literals: counted, values } = this.replays > 0 ? NOTHING : compared;
    if (found !== undefined) {
      found.literals += counted;
      found.values.push(...values);
      for (const partner of partners) found.partners.add(partner);
      return;
    }
    const named = column.qualifier === undefined ? {} : { qualifier: column.qualifier };
    this.#uses.set(key, {
      use: { name: column.name, ...named, use },
      literals: counted,
      partners: new Set(partners),
      values: [...values],
    });
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

  /** `literalAt`: the place among the literals of the statement of the one that begins at a byte. */
  uses(literalAt: (byte: number) => number | undefined): SqlColumnUse[] {
    return [...this.#uses.values()].map(({ use, literals, partners, values }) => {
      if (use.use === "equality") {
        const known = values.flatMap((value): readonly SqlComparedValue[] => {
          if ("param" in value) return [value];
          const literal = literalAt(value.byte);
          return literal === undefined ? [] : [{ literal }];
        });
        return { ...use, literals, ...(known.length > 0 && { values: known }) };
      }
      return use.use === "join" ? { ...use, partners: [...partners] } : use;
    });
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
