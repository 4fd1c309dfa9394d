import fc from "fast-check";

interface Source {
  /** FROM item with its alias, and its text columns. */
  readonly sql: string;
  readonly columns: readonly string[];
}

/**
 * Random SELECTs over two tables: aliases, sub-selects, WITH, views, joins, set operations, GROUP BY, windows, CASE,
 * scalar sub-selects. Every one of them is deterministic: where order shows in the result, it is given.
 */
export const randomSelect: fc.Arbitrary<string> = fc
  .noShrink(fc.noBias(fc.nat()))
  .map((seed) => new SelectMaker(numbersFrom(seed)).query(2, 2).sql);

/** A linear congruential generator: even choices, and one number repeats the statement. */
function* numbersFrom(seed: number): Generator<number> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state >>> 12;
  }
}

interface Query {
  readonly sql: string;
  readonly width: number;
}

class SelectMaker {
  readonly #numbers: Iterator<number>;
  #alias = 0;

  constructor(numbers: Iterator<number>) {
    this.#numbers = numbers;
  }

  query(depth: number, width: number): Query {
    const kind = depth <= 0 ? 0 : this.#below(6);
    if (kind === 1) return this.#united(depth, width);
    if (kind === 2) return this.#grouped(depth, width);
    if (kind === 3) return this.#common(depth, width);
    if (kind === 4) return this.#recursive(depth, width);
    const { sql, columns } = this.#from(depth);
    const list = Array.from({ length: width }, (_, index) => `${this.#value(columns, depth)} AS c${index}`);
    return {
      sql: `SELECT ${this.#pick(["", "", "", "DISTINCT "])}${list.join()} FROM ${sql}${this.#where(columns)}`,
      width,
    };
  }

  #united(depth: number, width: number): Query {
    const operator = this.#pick(["UNION ALL", "UNION ALL", "UNION", "INTERSECT", "EXCEPT"]);
    return { sql: `(${this.query(depth - 1, width).sql}) ${operator} (${this.query(depth - 1, width).sql})`, width };
  }

  #grouped(depth: number, width: number): Query {
    const { sql, columns } = this.#from(depth);
    const key = this.#value(columns, 0);
    const list = Array.from({ length: width }, (_, index) => {
      const value = this.#pick([
        "min(#)",
        "count(#)::text",
        "string_agg(#, ',' ORDER BY #)",
        "max(#) FILTER (WHERE # > 'm')",
      ]);
      return `${index === 0 ? key : value.replaceAll("#", () => this.#pick(columns))} AS c${index}`;
    });
    const having = this.#pick(["", ` HAVING max(${this.#pick(columns)}) > 'c'`]);
    return { sql: `SELECT ${list.join()} FROM ${sql}${this.#where(columns)} GROUP BY ${key}${having}`, width };
  }

  #common(depth: number, width: number): Query {
    const name = this.#name();
    const inner = this.query(depth - 1, 2).sql;
    const list = Array.from(
      { length: width },
      (_, index) => `${this.#value([`${name}.c0`, `${name}.c1`], 0)} AS c${index}`,
    );
    const kind = this.#pick(["", "MATERIALIZED "]);
    return { sql: `WITH ${name} AS ${kind}(${inner}) SELECT ${list.join()} FROM ${name}`, width };
  }

  #recursive(depth: number, width: number): Query {
    const name = this.#name();
    const inner = this.query(depth - 1, 2).sql;
    const step = this.#pick(["c1, c0", "c0, left(c1, 3)", "c1, c0 || 'x'"]);
    const list = Array.from({ length: width }, (_, index) => `${this.#pick(["c0", "c1"])} AS c${index}`);
    return {
      sql: `WITH RECURSIVE ${name}(n, c0, c1) AS (SELECT 0, s.* FROM (${inner}) s UNION ALL SELECT n + 1, ${step} FROM ${name} WHERE n < 2) SELECT ${list.join()} FROM ${name}`,
      width,
    };
  }

  #from(depth: number): Source {
    if (depth > 0 && this.#below(3) === 0) return this.#joined(depth);
    const alias = this.#name();
    if (depth > 0 && this.#below(2) === 0) {
      return { sql: `(${this.query(depth - 1, 2).sql}) ${alias}`, columns: [`${alias}.c0`, `${alias}.c1`] };
    }
    const [table, columns] = this.#pick([
      ["a", ["x", "y"]],
      ["b", ["z", "w"]],
      ["view_a", ["x", "up"]],
      ["view_group", ["z", "n"]],
    ] as const);
    return { sql: `${table} ${alias}`, columns: columns.map((column) => `${alias}.${column}`) };
  }

  #joined(depth: number): Source {
    const left = this.#from(depth - 1);
    const right = this.#from(depth - 1);
    const kind = this.#pick(["JOIN", "LEFT JOIN", "FULL JOIN"]);
    const condition = `${this.#pick(left.columns)} = ${this.#pick(right.columns)}`;
    return { sql: `${left.sql} ${kind} ${right.sql} ON ${condition}`, columns: [...left.columns, ...right.columns] };
  }

  #where(columns: readonly string[]): string {
    const column = () => this.#pick(columns);
    return this.#pick([
      "",
      "",
      "",
      "",
      ` WHERE ${column()} > 'e'`,
      ` WHERE ${column()} LIKE '%a%'`,
      ` WHERE ${column()} IN (SELECT x FROM a)`,
      ` WHERE EXISTS (SELECT 1 FROM b e WHERE e.z >= ${column()})`,
      ` WHERE ${column()} = ANY (ARRAY['ant', 'bee']) OR ${column()} IS NULL`,
    ]);
  }

  #value(columns: readonly string[], depth: number): string {
    const column = this.#pick(columns);
    const form = this.#pick([
      "#",
      "#",
      "upper(#)",
      "# || '-' || @",
      "CASE WHEN # > 'k' THEN @ ELSE 'no' END",
      "coalesce(nullif(#, 'ant'), @)",
      "(# < @)::text",
      "(ARRAY[#, @])[2]",
      "(ARRAY[@, #])[1]",
      ...(depth > 0
        ? [
            "(SELECT max(i.w) FROM b i WHERE i.z > #)",
            "(SELECT string_agg(i.x, '' ORDER BY i.x) FROM a i WHERE i.y < #)",
          ]
        : []),
    ]);
    return form.replaceAll("#", column).replaceAll("@", () => this.#pick(columns));
  }

  #name(): string {
    return `t${this.#alias++}`;
  }

  #pick<T>(items: readonly T[]): T {
    const item = items[this.#below(items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }

  #below(limit: number): number {
    return Number(this.#numbers.next().value) % limit;
  }
}
