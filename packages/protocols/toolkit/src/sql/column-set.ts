/** A column as a query names it, without catalog: base relations stay what they are called. */
export type Column = { readonly name: string; readonly qualifier: string | undefined };

/** Set of columns a value may depend on. `unknown` = a star or whole row is among them. */
export class ColumnSet {
  readonly #columns = new Map<string, Column>();
  unknown = false;

  add(column: Column): this {
    this.#columns.set(`${column.qualifier ?? ""}\0${column.name}`, column);
    if (column.name === "*") this.unknown = true;
    return this;
  }

  merge(other: ColumnSet): this {
    for (const [key, column] of other.#columns) this.#columns.set(key, column);
    this.unknown ||= other.unknown;
    return this;
  }

  get size(): number {
    return this.#columns.size;
  }

  get empty(): boolean {
    return this.#columns.size === 0 && !this.unknown;
  }

  [Symbol.iterator](): IterableIterator<Column> {
    return this.#columns.values();
  }

  names(): string[] | "unknown" {
    if (this.unknown) return "unknown";
    return [...new Set([...this.#columns.values()].map((column) => column.name))];
  }
}

/** One output of a query. */
export type Output = {
  readonly name: string;
  readonly plain: boolean;
  readonly columns: ColumnSet;
  /** Stands for an unknown number of columns. */
  readonly star: boolean;
  /** How many constants a column-free output may take (rows of VALUES, arms of a UNION); 1 for a scalar. */
  readonly rows: number;
};

/** What stands in FROM under a name. */
export type Rel = {
  readonly alias: string;
  /** Any column name may exist in it (base table, function result, star inside). */
  readonly open: boolean;
  readonly outputs: readonly Output[];
  /** What a name that is not among the outputs stands for: `table` = itself, `all` = everything below. */
  readonly other: "table" | "all";
  readonly all: ColumnSet;
  /** A join with an alias: names are looked up in its members. */
  readonly members?: readonly Rel[];
  /** Result of a function or of several constants: comparing with it probes many values at once. */
  readonly dictionary: boolean;
};

export function outputOf(name: string, columns: ColumnSet, more: Partial<Output> = {}): Output {
  return { name, columns, plain: false, star: false, rows: 1, ...more };
}

export function starOutput(columns: ColumnSet, plain: boolean): Output {
  columns.unknown = true;
  return { name: "*", columns, plain, star: true, rows: 1 };
}

export function unionOf(outputs: Iterable<Output>): ColumnSet {
  const all = new ColumnSet();
  for (const output of outputs) all.merge(output.columns);
  return all;
}

export function tableRel(alias: string): Rel {
  const all = new ColumnSet().add({ name: "*", qualifier: alias });
  return { alias, open: true, outputs: [], other: "table", all, dictionary: false };
}

/** A sub-select, CTE or VALUES under an alias, its columns renamed by the alias list. */
export function derivedRel(alias: string, outputs: readonly Output[], names: readonly string[]): Rel {
  const starAt = outputs.findIndex((output) => output.star);
  const renamed = outputs.map((output, index) => {
    const name = starAt >= 0 && index >= starAt ? undefined : names[index];
    return name === undefined ? output : { ...output, name };
  });
  // Names past a star cannot be placed: each may be any of the columns.
  const all = unionOf(outputs);
  const open = starAt >= 0;
  const placed = names.length <= starAt && outputs.every((output) => !output.star || output.plain);
  const dictionary = outputs.some((output) => output.rows > 1);
  return { alias, open, outputs: renamed, other: open && placed ? "table" : "all", all, dictionary };
}
