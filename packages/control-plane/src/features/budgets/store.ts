import type { BudgetReservation, BudgetReturn } from "@tidewaiter/core";
import { and, asc, eq, lt, sql } from "../../storage/drizzle.ts";
import {
  budgetAccounts,
  budgetLeases,
  budgetSpends,
  budgetValues,
  principals,
  resources,
} from "../../storage/schema.ts";
import { remove, select, type Work } from "../../storage/statement.ts";
import { read, write } from "../../storage/unit.ts";
import type { Own } from "../mandates/own.ts";
import { type ReserveArgs, reserve } from "./reserve.ts";
import { takeBack } from "./returns.ts";
import { freesAt, windowStart } from "./window.ts";

/** For so long after it ran out, a lease may still be returned. */
const LATE_RETURN_MS = 10 * 60 * 1000;

export interface BudgetView {
  readonly rule: string;
  readonly principal: string;
  /** The person that it acts for; each has an account of its own. */
  readonly onBehalfOf: string | null;
  /** Null: one account for every resource. */
  readonly resource: string | null;
  readonly counter: string;
  readonly limit: number;
  /** Within the window, leases included. */
  readonly spent: number;
  /** Of that, in leases that gateways hold now: a part of it may come back. */
  readonly leased: number;
  readonly windowSeconds: number;
  /** When the first of it is free again. */
  readonly freesAt: string | null;
  /** Set when something was refused within the window. */
  readonly exceededAt: string | null;
}

type AccountRow = typeof budgetAccounts.$inferSelect;

export const budgetUnits = {
  reserve: write(function* (unit, args: ReserveArgs): Work<BudgetReservation> {
    return yield* reserve(unit, args);
  }),

  giveBack: write(function* (_unit, args: { returns: readonly BudgetReturn[] }): Work<void> {
    yield* takeBack(args.returns);
  }),

  /** Whatever is spent now, by principal and rule. */
  list: read(function* (unit, args: { onlyOf?: Own | undefined; principal?: string | undefined }): Work<BudgetView[]> {
    const known = yield* select(principals, { orderBy: asc(principals.name) });
    const named = known.filter(({ name }) => args.principal === undefined || name === args.principal);
    const everybody = new Map(known.map(({ id, name }) => [id, name]));
    const fixed = new Map(known.map(({ id, ownerId }) => [id, ownerId]));
    const names = new Map(named.map(({ id, name }) => [id, name]));
    const resourceNames = new Map((yield* select(resources)).map(({ id, name }) => [id, name]));
    const rows = yield* select(budgetAccounts, {
      orderBy: sql`${asc(budgetAccounts.ruleId)}, ${asc(budgetAccounts.counter)}`,
    });
    const views: BudgetView[] = [];
    for (const row of rows) {
      const principal = names.get(row.principalId);
      const person = row.ownerId ?? fixed.get(row.principalId) ?? null;
      if (principal === undefined || !concerns(args.onlyOf, row.principalId, person)) continue;
      const resource = row.resourceId === null ? null : (resourceNames.get(row.resourceId) ?? row.resourceId);
      const onBehalfOf = person === null ? null : (everybody.get(person) ?? null);
      const view = yield* viewOf(row, { principal, onBehalfOf, resource, now: unit.now });
      if (view.spent > 0) views.push(view);
    }
    return views.sort((a, b) => (a.principal < b.principal ? -1 : a.principal > b.principal ? 1 : 0));
  }),

  /** Forgets what has left its window, and leases that nobody will return any more. */
  sweep: write(function* (unit): Work<void> {
    yield* remove(budgetSpends, lt(budgetSpends.freesAt, unit.now));
    yield* remove(budgetValues, lt(budgetValues.freesAt, unit.now));
    const late = new Date(Date.parse(unit.now) - LATE_RETURN_MS).toISOString();
    yield* remove(budgetLeases, lt(budgetLeases.expiresAt, late));
    for (const { account, counter, usedAt, windowSeconds } of yield* select(budgetAccounts)) {
      if (usedAt > windowStart(unit.now, 2 * windowSeconds)) continue;
      yield* remove(budgetAccounts, and(eq(budgetAccounts.account, account), eq(budgetAccounts.counter, counter)));
    }
  }),
};

function concerns(own: Own | undefined, principalId: string, person: string | null): boolean {
  if (own === undefined) return true;
  if (own.ownerId !== undefined) return principalId === own.principalId && person === own.ownerId;
  return principalId === own.principalId || person === own.principalId;
}

function* viewOf(
  row: AccountRow,
  named: { principal: string; onBehalfOf: string | null; resource: string | null; now: string },
): Work<BudgetView> {
  const { account, counter, windowSeconds, limitValue: limit, ruleId: rule } = row;
  const { now, ...whose } = named;
  const since = windowStart(now, windowSeconds);
  const here = sql`account = ${account} and counter = ${counter} and ends_at > ${since}`;
  const distinct = counter.startsWith("distinct:");
  const parts = distinct
    ? (yield* select(budgetValues, { where: here })).map(({ endsAt }) => ({ endsAt, amount: 1 }))
    : yield* select(budgetSpends, { where: here });
  const counting = parts.filter(({ amount }) => amount > 0);
  const spent = counting.reduce((sum, { amount }) => sum + amount, 0);
  const first = counting.map(({ endsAt }) => endsAt).sort()[0];
  const leases = yield* select(budgetLeases, { where: sql`account = ${account} and expires_at > ${now}` });
  const leased = leases.reduce((sum, lease) => sum + (lease.amounts[counter] ?? 0), 0);
  const exceededAt = row.exceededAt !== null && row.exceededAt > since ? row.exceededAt : null;
  const frees = first === undefined ? null : freesAt(first, windowSeconds);
  return { rule, ...whose, counter, limit, spent, leased, windowSeconds, freesAt: frees, exceededAt };
}
