import type { InferInsertModel, InferSelectModel, SQL } from "drizzle-orm";
import type { SQLiteColumn, SQLiteTable } from "drizzle-orm/sqlite-core";
import { getTableColumns, sql } from "./drizzle.ts";

/** What a driver gives back for one statement: rows as arrays in column order, and how many rows were touched. */
export interface StatementResult {
  readonly rows: readonly (readonly unknown[])[];
  readonly count: number;
}

/**
 * A piece of work on the store: yields statements, is resumed with their results, returns a value. The same generator is
 * run synchronously by SQLite and asynchronously by PostgreSQL, always within one transaction. It may run again after a
 * serialisation failure, so it has no effects but its statements.
 */
export type Work<Result> = Generator<SQL, Result, StatementResult>;

type Row<T extends SQLiteTable> = InferSelectModel<T>;

interface SelectOptions {
  readonly where?: SQL | undefined;
  readonly orderBy?: SQL;
  readonly limit?: number;
  /** Rows to pass over; needs a limit and an order. */
  readonly offset?: number;
}

export function* execute(statement: SQL): Work<StatementResult> {
  return yield statement;
}

/** All matching rows of one table, with the column types of the schema. */
export function* select<T extends SQLiteTable>(table: T, options: SelectOptions = {}): Work<Row<T>[]> {
  const columns = Object.entries<SQLiteColumn>(getTableColumns(table));
  const names = sql.join(
    columns.map(([, column]) => sql.identifier(column.name)),
    sql`, `,
  );
  const where = options.where === undefined ? sql`` : sql` where ${options.where}`;
  const order = options.orderBy === undefined ? sql`` : sql` order by ${options.orderBy}`;
  const limit = options.limit === undefined ? sql`` : sql` limit ${options.limit}`;
  const offset = options.offset === undefined ? sql`` : sql` offset ${options.offset}`;
  const { rows } = yield sql`select ${names} from ${table}${where}${order}${limit}${offset}`;
  return rows.map((row) => toRow(columns, row)) as Row<T>[];
}

export function* selectOne<T extends SQLiteTable>(table: T, where: SQL | undefined): Work<Row<T> | undefined> {
  const rows = yield* select(table, { where, limit: 1 });
  return rows[0];
}

function toRow(columns: readonly [string, SQLiteColumn][], row: readonly unknown[]): Record<string, unknown> {
  return Object.fromEntries(
    columns.map(([key, column], index) => {
      const value = row[index] ?? null;
      return [key, value === null ? null : column.mapFromDriverValue(value)];
    }),
  );
}

/** Columns that are left out become null. */
export function* insert<T extends SQLiteTable>(table: T, row: InferInsertModel<T>): Work<void> {
  const given = Object.entries<SQLiteColumn>(getTableColumns(table)).filter(([key]) => Object.hasOwn(row, key));
  const names = given.map(([, column]) => sql.identifier(column.name));
  const values = given.map(([key, column]) => bind(column, (row as Record<string, unknown>)[key]));
  yield sql`insert into ${table} (${sql.join(names, sql`, `)}) values (${sql.join(values, sql`, `)})`;
}

/** What is undefined stays as it is. Returns how many rows were changed. */
export function* update<T extends SQLiteTable>(
  table: T,
  set: { readonly [Column in keyof InferInsertModel<T>]?: InferInsertModel<T>[Column] | undefined },
  where: SQL | undefined,
): Work<number> {
  const columns: Record<string, SQLiteColumn> = getTableColumns(table);
  const assignments = Object.entries(set).flatMap(([key, value]) => {
    const column = columns[key];
    if (column === undefined || value === undefined) return [];
    return [sql`${sql.identifier(column.name)} = ${bind(column, value)}`];
  });
  const result = yield sql`update ${table} set ${sql.join(assignments, sql`, `)} where ${where ?? sql`1 = 1`}`;
  return result.count;
}

/** Returns how many rows were deleted. */
export function* remove<T extends SQLiteTable>(table: T, where: SQL | undefined): Work<number> {
  const result = yield sql`delete from ${table} where ${where ?? sql`1 = 1`}`;
  return result.count;
}

export function* count<T extends SQLiteTable>(table: T, where?: SQL): Work<number> {
  const { rows } = yield sql`select count(*) from ${table} where ${where ?? sql`1 = 1`}`;
  return Number(rows[0]?.[0] ?? 0);
}

function bind(column: SQLiteColumn, value: unknown): SQL {
  if (value instanceof Object && "getSQL" in value) return value as SQL;
  return value === null || value === undefined ? sql`null` : sql`${sql.param(value, column)}`;
}
