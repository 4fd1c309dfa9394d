import type { BudgetAmounts, BudgetRequest, BudgetReservation } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { and, eq, sql } from "../../storage/drizzle.ts";
import { budgetAccounts, budgetLeases, budgetSpends, sessions } from "../../storage/schema.ts";
import { execute, insert, select, selectOne, update, type Work } from "../../storage/statement.ts";
import type { UnitContext } from "../../storage/unit.ts";
import { takeBack } from "./returns.ts";
import { admitValues, unaffordableValues } from "./values.ts";
import { freesAt, type LeaseTimes, leaseTimes, windowStart } from "./window.ts";

/** Of what is left a lease takes a part, so that sessions and gateways that ask next find something, too. */
const SHARE = 8;

export interface ReserveArgs {
  readonly leaseId: string;
  readonly request: BudgetRequest;
}

/** Whose account, and its name. */
export interface Account {
  readonly name: string;
  readonly principalId: string;
  /** The person that the principal acts for: an AI agent has one for each. */
  readonly ownerId: string | null;
  readonly resourceId: string | null;
}

type Spends = readonly (typeof budgetSpends.$inferSelect)[];

/** All that was asked for, or a refusal that is audited once per window. Write units run one at a time on either store. */
export function* reserve(unit: UnitContext, { leaseId, request }: ReserveArgs): Work<BudgetReservation> {
  checkRequest(request);
  yield* takeBack(request.returns);
  const account = yield* accountOf(request);
  const spends = yield* activeSpends(account.name, windowStart(unit.now, request.windowSeconds));
  const amounts: Record<string, number> = {};
  for (const [counter, { least, most }] of Object.entries(request.want)) {
    const mine = spends.filter((spend) => spend.counter === counter);
    const limit = request.limits[counter] ?? 0;
    const left = limit - mine.reduce((sum, { amount }) => sum + amount, 0);
    if (least > left) return yield* refuse(unit, { account, request }, counter, whenFree(request, mine, counter));
    amounts[counter] = Math.max(least, Math.min(most, Math.floor(left / SHARE)));
  }
  const refused = yield* unaffordableValues(unit, account.name, request);
  if (refused !== undefined) return yield* refuse(unit, { account, request }, refused.counter, refused.freesAt);
  const times = leaseTimes(unit.now, request.windowSeconds);
  yield* spend(account.name, amounts, times);
  yield* admitValues(account.name, request.values, times);
  for (const counter of [...Object.keys(amounts), ...Object.keys(request.values)])
    yield* noteUse(unit, { account, request }, counter);
  const { endsAt, expiresAt, validForMs } = times;
  yield* insert(budgetLeases, {
    id: leaseId,
    account: account.name,
    sessionId: request.sessionId,
    endsAt,
    expiresAt,
    amounts,
  });
  return { granted: true, leaseId, amounts, validForMs };
}

function checkRequest({ want, limits, values, windowSeconds }: BudgetRequest): void {
  const numbers = [...Object.values(want).flatMap(({ least, most }) => [least, most]), ...Object.values(limits)];
  const known = [...Object.keys(want), ...Object.keys(values)].every((counter) => Object.hasOwn(limits, counter));
  if (!known || windowSeconds < 1 || numbers.some((each) => !Number.isSafeInteger(each) || each < 0))
    throw new TidewaiterError("bad_request", "a budget is asked for in whole numbers, of counters that have a limit");
}

/** A person's account when an AI agent acts for one; the agent's own otherwise. */
function* accountOf({ sessionId, ruleId, account, per }: BudgetRequest): Work<Account> {
  const session = yield* selectOne(sessions, eq(sessions.id, sessionId));
  if (session === undefined) throw new TidewaiterError("not_found", `there is no session ${sessionId}`);
  const person = account === "person" && session.ownerId !== null;
  const principalId = person ? (session.ownerId ?? "") : session.principalId;
  const ownerId = person ? null : session.ownerId;
  const resourceId = per === "resource" ? session.resourceId : null;
  const whose = ownerId === null ? principalId : `${principalId}+${ownerId}`;
  return { name: [ruleId, whose, resourceId ?? "*"].join("/"), principalId, ownerId, resourceId };
}

export function activeSpends(account: string, since: string): Work<Spends> {
  return select(budgetSpends, { where: and(eq(budgetSpends.account, account), sql`ends_at > ${since}`) });
}

/** When enough of what is spent leaves the window; undefined when the whole budget would not be enough. */
function whenFree(request: BudgetRequest, spends: Spends, counter: string): string | undefined {
  const limit = request.limits[counter] ?? 0;
  let short = (request.want[counter]?.least ?? 0) - (limit - spends.reduce((sum, { amount }) => sum + amount, 0));
  for (const { endsAt, amount } of [...spends].sort((a, b) => (a.endsAt < b.endsAt ? -1 : 1))) {
    short -= amount;
    if (short <= 0) return freesAt(endsAt, request.windowSeconds);
  }
  return undefined;
}

function* spend(account: string, amounts: BudgetAmounts, { endsAt, freesAt: frees }: LeaseTimes): Work<void> {
  for (const [counter, amount] of Object.entries(amounts)) {
    if (amount === 0) continue;
    yield* execute(
      sql`insert into ${budgetSpends} (account, counter, ends_at, frees_at, amount)
        values (${account}, ${counter}, ${endsAt}, ${frees}, ${amount})
        on conflict (account, counter, ends_at) do update
        set amount = ${budgetSpends}.amount + excluded.amount, frees_at = excluded.frees_at`,
    );
  }
}

interface Site {
  readonly account: Account;
  readonly request: BudgetRequest;
}

function* noteUse(unit: UnitContext, { account, request }: Site, counter: string): Work<void> {
  const { ruleId, windowSeconds, limits } = request;
  const { name, principalId, ownerId, resourceId } = account;
  yield* execute(
    sql`insert into ${budgetAccounts}
      (account, counter, rule_id, principal_id, owner_id, resource_id, limit_value, window_seconds, used_at)
      values (${name}, ${counter}, ${ruleId}, ${principalId}, ${ownerId}, ${resourceId}, ${limits[counter] ?? 0}, ${windowSeconds}, ${unit.now})
      on conflict (account, counter) do update set limit_value = excluded.limit_value,
      window_seconds = excluded.window_seconds, used_at = excluded.used_at`,
  );
}

function* refuse(
  unit: UnitContext,
  site: Site,
  counter: string,
  frees: string | undefined,
): Work<Extract<BudgetReservation, { granted: false }>> {
  const { account, request } = site;
  const key = and(eq(budgetAccounts.account, account.name), eq(budgetAccounts.counter, counter));
  yield* noteUse(unit, site, counter);
  const known = yield* selectOne(budgetAccounts, key);
  const told = known?.exceededAt ?? undefined;
  if (told === undefined || told <= windowStart(unit.now, request.windowSeconds)) {
    yield* update(budgetAccounts, { exceededAt: unit.now }, key);
    unit.audit({
      type: "budget.exceeded",
      principalId: account.principalId,
      sessionId: request.sessionId,
      ...(account.resourceId !== null && { resourceId: account.resourceId }),
      data: {
        rule: request.ruleId,
        counter,
        limit: request.limits[counter] ?? 0,
        windowSeconds: request.windowSeconds,
        onExceed: request.onExceed,
      },
    });
  }
  return { granted: false, counter, ...(frees !== undefined && { freesAt: frees }) };
}
