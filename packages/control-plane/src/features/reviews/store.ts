import type { Review, ReviewRequest } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { newShortId } from "@tidewaiter/core/ids";
import type { SQL } from "drizzle-orm";
import type { DataKeyRow } from "../../seal/data-key.ts";
import { insertDataKey } from "../../seal/store.ts";
import { and, desc, eq, gt, inArray, isNull, lte, or } from "../../storage/drizzle.ts";
import { reviews, sessions } from "../../storage/schema.ts";
import { count, insert, select, selectOne, update, type Work } from "../../storage/statement.ts";
import { read, type UnitContext, write } from "../../storage/unit.ts";
import { type DecideArgs, decideReview } from "./decide.ts";
import { notifyDecided, notifyRequested } from "./notify-review.ts";

export type ReviewRow = typeof reviews.$inferSelect;

/** One principal cannot flood the reviewers. */
const OPEN_LIMIT = 32;

interface RequestArgs {
  readonly id: string;
  /** Without statement and parameters: those travel sealed. */
  readonly request: Omit<ReviewRequest, "statement" | "parameters">;
  readonly sealedStatement: string;
  readonly dataKey: DataKeyRow;
}

export interface ReviewQuery {
  readonly state?: ReviewRow["state"] | undefined;
  readonly limit: number;
}

const OPEN: ReviewRow["state"][] = ["pending", "approved"];

export const reviewUnits = {
  request: write(function* (unit, args: RequestArgs): Work<Review> {
    const session = yield* selectOne(sessions, eq(sessions.id, args.request.sessionId));
    if (session === undefined || session.endedAt !== null) {
      throw new TidewaiterError("session_ended", "a review needs a live session");
    }
    const known = args.request.mode === "ticket" ? yield* reuseTicket(unit, args.request, session) : undefined;
    return known ?? toReview(yield* openReview(unit, args, session), unit.now);
  }),

  get: read(function* (unit, args: { id: string }): Work<ReviewRow> {
    return atTime(yield* findReview(args.id), unit.now);
  }),

  list: read(function* (unit, query: ReviewQuery): Work<ReviewRow[]> {
    const rows = yield* select(reviews, {
      where: query.state === undefined ? undefined : storedStates(query.state, unit.now),
      orderBy: desc(reviews.requestedAt),
      limit: query.limit,
    });
    return rows.map((row) => atTime(row, unit.now));
  }),

  decide: write(function* (unit, args: DecideArgs): Work<ReviewRow> {
    const row = atTime(yield* findReview(args.id), unit.now);
    const decided = yield* decideReview(unit, row, args);
    if (decided.state !== "pending") yield* notifyDecided(unit, decided);
    return decided;
  }),

  /** Exactly once: the row is only taken in the state that it is taken from. */
  consume: write(function* (unit, args: { id: string; binding: string }): Work<boolean> {
    const row = yield* selectOne(reviews, eq(reviews.id, args.id));
    if (row === undefined || row.binding !== args.binding || atTime(row, unit.now).state !== "approved") return false;
    yield* consumeRow(unit, row);
    return true;
  }),

  withdraw: write(function* (unit, args: { id: string; reason: string }): Work<void> {
    const row = atTime(yield* findReview(args.id), unit.now);
    if (!OPEN.includes(row.state)) return;
    yield* close(unit, row, "withdrawn", args.reason);
  }),

  /** Tells of requests that nobody answered in time. */
  sweep: write(function* (unit): Work<number> {
    const late = and(inArray(reviews.state, OPEN), lte(reviews.expiresAt, unit.now));
    const rows = yield* select(reviews, { where: late });
    for (const row of rows) yield* close(unit, row, "expired", "nobody decided, or nobody used it, in time");
    return rows.length;
  }),
};

/** By id, or by short id among what is open, else the newest. */
function* findReview(id: string): Work<ReviewRow> {
  const byId = yield* selectOne(reviews, eq(reviews.id, id));
  if (byId !== undefined) return byId;
  const short = yield* select(reviews, {
    where: eq(reviews.shortId, id.toUpperCase()),
    orderBy: desc(reviews.requestedAt),
    limit: 20,
  });
  const row = short.find((candidate) => OPEN.includes(candidate.state)) ?? short[0];
  if (row === undefined) throw new TidewaiterError("not_found", `there is no review ${id}`);
  return row;
}

/** An unused approval for the same binding is taken; an open request for it is shown instead of a second one. */
function* reuseTicket(
  unit: UnitContext,
  request: RequestArgs["request"],
  session: typeof sessions.$inferSelect,
): Work<Review | undefined> {
  const same = and(
    eq(reviews.binding, request.binding),
    eq(reviews.mode, "ticket"),
    eq(reviews.principalId, session.principalId),
    session.ownerId === null ? isNull(reviews.ownerId) : eq(reviews.ownerId, session.ownerId),
    eq(reviews.resourceId, session.resourceId),
    inArray(reviews.state, OPEN),
    gt(reviews.expiresAt, unit.now),
  );
  const rows = yield* select(reviews, { where: same });
  const approved = rows.find((row) => row.state === "approved");
  if (approved !== undefined) {
    yield* consumeRow(unit, approved);
    return toReview(approved, unit.now);
  }
  return rows[0] === undefined ? undefined : toReview(rows[0], unit.now);
}

function* openReview(unit: UnitContext, args: RequestArgs, session: typeof sessions.$inferSelect): Work<ReviewRow> {
  const open = and(
    eq(reviews.principalId, session.principalId),
    eq(reviews.state, "pending"),
    gt(reviews.expiresAt, unit.now),
  );
  if ((yield* count(reviews, open)) >= OPEN_LIMIT) {
    throw new TidewaiterError("rate_limited", `${session.principalName} has ${OPEN_LIMIT} reviews open`);
  }
  const { request } = args;
  const row: ReviewRow = {
    id: args.id,
    shortId: yield* freeShortId(),
    sessionId: session.id,
    principalId: session.principalId,
    principalName: session.principalName,
    ownerId: session.ownerId,
    resourceId: session.resourceId,
    resourceName: session.resourceName,
    mode: request.mode,
    state: "pending",
    ruleId: request.ruleId,
    reason: request.reason,
    askedOf: request.by,
    count: Math.max(1, request.count),
    binding: request.binding,
    sealedStatement: args.sealedStatement,
    summary: request.summary,
    labels: request.labels,
    estimatedRows: request.estimatedRows ?? null,
    inTransaction: request.inTransaction,
    decisions: [],
    requestedAt: unit.now,
    expiresAt: request.expiresAt,
    closedReason: null,
  };
  yield* insertDataKey(args.dataKey);
  yield* insert(reviews, row);
  yield* notifyRequested(unit, row, { owner: session.ownerName, normalised: request.normalised });
  told(unit, "review.requested", row, { mode: row.mode, summary: row.summary, askedOf: row.askedOf.join(" ") });
  return row;
}

function* freeShortId(): Work<string> {
  for (let length = 5; ; length++) {
    const shortId = newShortId(length);
    const taken = and(eq(reviews.shortId, shortId), inArray(reviews.state, OPEN));
    if ((yield* selectOne(reviews, taken)) === undefined) return shortId;
  }
}

function* consumeRow(unit: UnitContext, row: ReviewRow): Work<void> {
  yield* close(unit, row, "consumed", null);
}

function* close(unit: UnitContext, row: ReviewRow, state: ReviewRow["state"], reason: string | null): Work<void> {
  yield* update(reviews, { state, closedReason: reason }, eq(reviews.id, row.id));
  if (state !== "consumed") yield* notifyDecided(unit, { ...row, state });
  told(unit, `review.${state}`, row, { reason });
}

function told(unit: UnitContext, type: string, row: ReviewRow, data: Record<string, string | null>): void {
  const { id, principalId, sessionId, resourceId } = row;
  unit.changed("review", id);
  unit.audit({ type, principalId, sessionId, resourceId, data: { shortId: row.shortId, rule: row.ruleId, ...data } });
}

/** A request that ran out is expired from that instant, whether or not the sweep has seen it. */
export function atTime(row: ReviewRow, now: string): ReviewRow {
  return OPEN.includes(row.state) && row.expiresAt <= now ? { ...row, state: "expired" } : row;
}

function storedStates(state: ReviewRow["state"], now: string): SQL | undefined {
  if (state === "expired") {
    return or(eq(reviews.state, "expired"), and(inArray(reviews.state, OPEN), lte(reviews.expiresAt, now)));
  }
  const open = OPEN.includes(state) ? gt(reviews.expiresAt, now) : undefined;
  return and(eq(reviews.state, state), open);
}

export function toReview(row: ReviewRow, now: string): Review {
  const { id, shortId, decisions, expiresAt } = row;
  return { id, shortId, state: atTime(row, now).state, decisions, expiresAt };
}
