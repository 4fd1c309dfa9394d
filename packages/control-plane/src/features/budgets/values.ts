import type { BudgetRequest, BudgetValues } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import type { SQL } from "drizzle-orm";
import { and, asc, eq, inArray, sql } from "../../storage/drizzle.ts";
import { budgetValues } from "../../storage/schema.ts";
import { count, execute, select, type Work } from "../../storage/statement.ts";
import type { UnitContext } from "../../storage/unit.ts";
import { freesAt, type LeaseTimes, windowStart } from "./window.ts";

/** Different values are kept one by one: exact, and never more than a limit's number of them. */
const MAX_VALUES = 10_000;
/** Parameters of one statement. */
const AT_ONCE = 200;

export interface Unaffordable {
  readonly counter: string;
  readonly freesAt: string | undefined;
}

/** The first counter whose limit the values would go beyond. */
export function* unaffordableValues(
  unit: UnitContext,
  account: string,
  { values, limits, windowSeconds }: BudgetRequest,
): Work<Unaffordable | undefined> {
  const since = windowStart(unit.now, windowSeconds);
  for (const [counter, tokens] of Object.entries(values)) {
    if (tokens.length > MAX_VALUES + 1) throw new TidewaiterError("too_large", "too many values for one question");
    const limit = limits[counter] ?? 0;
    const asked = new Set(tokens);
    const active = activeOf(account, counter, since);
    const known = yield* countKnown(active, [...asked]);
    const total = yield* count(budgetValues, active);
    const short = total + asked.size - known - limit;
    if (short > 0) return { counter, freesAt: yield* whenFree(active, short, total, windowSeconds) };
  }
  return undefined;
}

function activeOf(account: string, counter: string, since: string): SQL | undefined {
  return and(eq(budgetValues.account, account), eq(budgetValues.counter, counter), sql`ends_at > ${since}`);
}

function* countKnown(active: SQL | undefined, tokens: readonly string[]): Work<number> {
  let known = 0;
  for (let from = 0; from < tokens.length; from += AT_ONCE)
    known += yield* count(
      budgetValues,
      and(active, inArray(budgetValues.token, tokens.slice(from, from + AT_ONCE))) as SQL,
    );
  return known;
}

function* whenFree(
  active: SQL | undefined,
  short: number,
  total: number,
  windowSeconds: number,
): Work<string | undefined> {
  if (short > total) return undefined;
  const oldest = yield* select(budgetValues, { where: active, orderBy: asc(budgetValues.endsAt), limit: short });
  const last = oldest.at(-1);
  return last === undefined ? undefined : freesAt(last.endsAt, windowSeconds);
}

/** A value that is asked for again counts for a window from now. */
export function* admitValues(account: string, values: BudgetValues, times: LeaseTimes): Work<void> {
  for (const [counter, tokens] of Object.entries(values)) {
    const asked = [...new Set(tokens)];
    for (let from = 0; from < asked.length; from += AT_ONCE) {
      const rows = asked
        .slice(from, from + AT_ONCE)
        .map((token) => sql`(${account}, ${counter}, ${token}, ${times.endsAt}, ${times.freesAt})`);
      yield* execute(
        sql`insert into ${budgetValues} (account, counter, token, ends_at, frees_at) values ${sql.join(rows, sql`, `)}
          on conflict (account, counter, token) do update set ends_at = excluded.ends_at, frees_at = excluded.frees_at`,
      );
    }
  }
}
