import type { ColumnRef } from "./lineage.ts";

/** A column as one number, cheap to keep in sets: OIDs have 32 bits, attribute numbers 16 with sign. */
export type ColumnKey = number;

export function columnKey(relation: number, attnum: number): ColumnKey {
  return relation * 0x1_0000 + attnum + 0x8000;
}

export function columnOf(key: ColumnKey): ColumnRef {
  return { relation: Math.floor(key / 0x1_0000), attnum: (key % 0x1_0000) - 0x8000 };
}

/** What a value depends on. A value that was handed out is never changed again. */
export interface Value {
  readonly sources: ReadonlySet<ColumnKey>;
  readonly functions: ReadonlySet<number>;
  readonly opaque: ReadonlySet<string>;
  /** One column as it is (a whole row too). */
  readonly plain: boolean;
  /** Made of literals and parameters only, the same for every row. */
  readonly rowFree: boolean;
  /** A column of so many literals and parameters (VALUES), 0 when it is not such a list. */
  readonly guesses: number;
}

const none: ReadonlySet<never> = new Set<never>();

const nothing = { sources: none, functions: none, opaque: none, plain: false, rowFree: false, guesses: 0 };

/** Depends on no column, yet differs by row or is computed: count(*), random rows of a function. */
export const COLUMN_FREE: Value = nothing;

export const LITERAL: Value = { ...nothing, rowFree: true };

/** The columns of a recursive query before its first pass: adds nothing to what it is united with. */
export const BOTTOM: Value = { ...nothing, rowFree: true };

export function column(relation: number, attnum: number): Value {
  return { ...nothing, sources: new Set([columnKey(relation, attnum)]), plain: true };
}

export function opaque(reason: string): Value {
  return { ...nothing, opaque: new Set([reason]) };
}

/** A whole row is several columns. */
export function isOneColumn({ plain, sources }: Value): boolean {
  const [source] = sources;
  return plain && source !== undefined && columnOf(source).attnum !== 0;
}

/** A value computed from others. */
export function computed(parts: readonly Value[], functions: readonly number[] = []): Value {
  const rowFree = parts.every((part) => part.rowFree);
  return { ...unite(parts, functions), plain: false, rowFree, guesses: 0 };
}

/** One of several values, each in other rows: the arms of a set operation, the rows of VALUES. */
export function oneOf(parts: readonly Value[]): Value {
  const real = parts.filter((part) => part !== BOTTOM);
  const [first] = real;
  if (first === undefined) return BOTTOM;
  if (real.length === 1) return first;
  const united = unite(real, []);
  const plain = united.sources.size === 1 && real.every((part) => part.plain);
  const literal = real.every((part) => part.rowFree || part.guesses > 0);
  const guesses = literal ? real.reduce((sum, part) => sum + Math.max(part.guesses, 1), 0) : 0;
  return { ...united, plain, rowFree: false, guesses };
}

/** As a column of a range-table entry: a literal there is a list of one. */
export function asColumn(value: Value, rows = 1): Value {
  return value.rowFree && value !== BOTTOM ? { ...value, rowFree: false, guesses: rows } : value;
}

type Sets = Pick<Value, "sources" | "functions" | "opaque">;

function unite(parts: readonly Value[], functions: readonly number[]): Sets {
  return {
    sources: union(parts.map((part) => part.sources)),
    functions: union([...parts.map((part) => part.functions), new Set(functions)]),
    opaque: union(parts.map((part) => part.opaque)),
  };
}

function union<T>(sets: readonly ReadonlySet<T>[]): ReadonlySet<T> {
  const filled = sets.filter((set) => set.size > 0);
  const [first] = filled;
  if (first === undefined || filled.length === 1) return first ?? none;
  const all = new Set(first);
  for (const set of filled.slice(1)) for (const item of set) all.add(item);
  return all;
}
