import { TidewaiterError } from "@tidewaiter/core/errors";
import { auditUnits } from "../../src/features/audit/store.ts";
import { changeUnits } from "../../src/features/changes/store.ts";
import { eq, sql } from "../../src/storage/drizzle.ts";
import { settings } from "../../src/storage/schema.ts";
import { count, execute, insert, select, selectOne, type Work } from "../../src/storage/statement.ts";
import { read, write } from "../../src/storage/unit.ts";

/** Units made only to try the store's promises; the SQLite worker imports this module in place of the real registry. */
const tried = {
  put: write(function* (unit, args: { name: string; value: string }): Work<void> {
    yield* insert(settings, args);
    unit.changed("session", args.name);
    unit.audit({ type: "test.put", data: { name: args.name } });
  }),

  /** Does as much as `put`, and more, and then fails. */
  putThenFail: write(function* (unit, args: { name: string }): Work<void> {
    yield* insert(settings, { name: args.name, value: "lost" });
    yield* execute(sql`update ${settings} set value = 'lost'`);
    unit.changed("session", args.name);
    unit.audit({ type: "test.lost", data: { name: args.name } });
    throw new TidewaiterError("conflict", "this unit fails");
  }),

  putThenDiscard: write(function* (unit, args: { name: string }): Work<string> {
    yield* insert(settings, { name: args.name, value: "tried" });
    unit.changed("session", args.name);
    unit.audit({ type: "test.tried", data: { name: args.name } });
    unit.discard();
    return (yield* selectOne(settings, eq(settings.name, args.name)))?.value ?? "";
  }),

  /** Reads a number and writes the next: loses one when two units ever overlap. */
  increment: write(function* (_unit, args: { name: string }): Work<number> {
    const row = yield* selectOne(settings, eq(settings.name, args.name));
    const next = Number(row?.value ?? "0") + 1;
    if (row === undefined) yield* insert(settings, { name: args.name, value: String(next) });
    else yield* execute(sql`update ${settings} set value = ${String(next)} where name = ${args.name}`);
    return next;
  }),

  /** Two looks within one unit. */
  countTwice: read(function* (): Work<[number, number]> {
    return [yield* count(settings), yield* count(settings)];
  }),

  all: read(function* (): Work<Record<string, string>> {
    return Object.fromEntries((yield* select(settings)).map(({ name, value }) => [name, value]));
  }),

  sqliteColumns: read(function* (_unit, args: { table: string }): Work<string[]> {
    const { rows } = yield* execute(sql`select name from pragma_table_info(${args.table})`);
    return rows.map((row) => String(row[0]));
  }),

  postgresColumns: read(function* (_unit, args: { table: string }): Work<string[]> {
    const { rows } = yield* execute(
      sql`select column_name::text from information_schema.columns where table_name = ${args.table} order by ordinal_position`,
    );
    return rows.map((row) => String(row[0]));
  }),

  /** SQLite only: 2 = FULL. */
  synchronous: read(function* (): Work<number> {
    return Number((yield* execute(sql`pragma synchronous`)).rows[0]?.[0]);
  }),

  /** SQLite only: as if the disk were full from now on. */
  limitPages: read(function* (_unit, args: { more: number }): Work<void> {
    const { rows } = yield* execute(sql`pragma page_count`);
    yield* execute(sql.raw(`pragma max_page_count = ${Number(rows[0]?.[0]) + args.more}`));
  }),
};

export const units = { tried, changes: changeUnits, audit: auditUnits };

export type ContractUnits = typeof units;
