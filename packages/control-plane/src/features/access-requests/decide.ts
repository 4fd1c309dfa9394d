import { TidewaiterError } from "@tidewaiter/core/errors";
import { newId } from "@tidewaiter/core/ids";
import { eq } from "../../storage/drizzle.ts";
import { accessRequests, accessRules, grants, resources } from "../../storage/schema.ts";
import { insert, selectOne, update, type Work } from "../../storage/statement.ts";
import type { UnitContext } from "../../storage/unit.ts";
import { unconfirmedPrincipal, unconfirmedWords } from "../identity-providers/confirmed.ts";
import { notifyAccessDecided } from "../notifications/requests.ts";
import { type KnownPrincipal, loadPrincipals, principalProblem } from "../principals/membership.ts";
import type { PrincipalRef } from "../principals/store.ts";
import { type Asked, enoughApprovals, limitProblem, ruleFits, standsFor } from "./fits.ts";
import { selfDecision } from "./self.ts";
import type { AccessRequestRow } from "./store.ts";
import { told } from "./told.ts";

export interface DecideArgs {
  readonly id: string;
  readonly reviewer: PrincipalRef;
  readonly decision: "approve" | "deny";
  readonly comment: string;
}

/** Counts one person's decision; the first denial ends it. Enough approvals give the access, from this instant on. */
export function* decideRequest(unit: UnitContext, row: AccessRequestRow, args: DecideArgs): Work<AccessRequestRow> {
  if (row.state !== "pending") throw new TidewaiterError("conflict", `request ${row.shortId} is ${row.state} already`);
  const own = yield* selfDecision(args.reviewer, row);
  if (own !== undefined) throw new TidewaiterError("permission_missing", own);
  const asked = yield* askedNow(unit, row);
  const ids = [args.reviewer.id, ...row.decisions.map(({ reviewerId }) => reviewerId)];
  const reviewers = yield* loadPrincipals(ids);
  const reviewer = reviewers.get(args.reviewer.id);
  if (reviewer === undefined || standsFor(asked, reviewer).length === 0) {
    const { by } = asked.rule.reviewers;
    throw new TidewaiterError("permission_missing", `request ${row.shortId} asks ${by.join(", ")}`);
  }
  if (row.decisions.some(({ reviewerId }) => reviewerId === reviewer.row.id)) {
    throw new TidewaiterError("conflict", `you have decided request ${row.shortId} already; another person is needed`);
  }
  const { decision, comment } = args;
  const one = { reviewerId: reviewer.row.id, reviewer: reviewer.row.name, decision, comment, at: unit.now };
  const decided = { ...row, decisions: [...row.decisions, one] };
  const data = { comment, by: reviewer.row.name };
  told(unit, decision === "approve" ? "approved" : "denied", row, data, reviewer.row.id);
  if (decision === "deny") {
    const denied = yield* save(unit, { ...decided, state: "denied", closedAt: unit.now });
    yield* notifyAccessDecided(unit, denied);
    return denied;
  }
  const able = new Map([...reviewers].filter(([, known]) => principalProblem(known) === undefined));
  if (!enoughApprovals(asked, decided.decisions, able)) return yield* save(unit, decided);
  return yield* giveAccess(unit, decided);
}

/** The rule and the requester as they are now: what was asked for must still be possible. */
export function* askedNow(unit: UnitContext, row: AccessRequestRow): Work<Asked> {
  const gone = (why: string) => new TidewaiterError("conflict", `request ${row.shortId} cannot be approved: ${why}`);
  const rule = (yield* selectOne(accessRules, eq(accessRules.id, row.ruleId)))?.rule;
  if (rule === undefined) throw gone("its access rule is not there any more");
  const requester: KnownPrincipal | undefined = (yield* loadPrincipals([row.principalId])).get(row.principalId);
  const problem = principalProblem(requester);
  if (requester === undefined || problem !== undefined) throw gone(problem ?? "the principal was deleted");
  const silent = yield* unconfirmedPrincipal(requester.row.id);
  if (silent !== undefined) throw gone(unconfirmedWords(silent));
  const resource = yield* selectOne(resources, eq(resources.id, row.resourceId));
  if (resource === undefined) throw gone("the resource was deleted");
  if (!ruleFits(rule, requester, resource)) throw gone("its access rule does not cover it any more");
  const limit = limitProblem(rule, row.level, row.durationSeconds);
  if (limit !== undefined) throw gone(limit);
  return { rule, requester, requestedAt: row.requestedAt, now: unit.now };
}

/** Time is counted from here. An extension prolongs the grant that is there, so that live sessions go on. */
export function* giveAccess(unit: UnitContext, row: AccessRequestRow): Work<AccessRequestRow> {
  const until = new Date(Date.parse(unit.now) + row.durationSeconds * 1000).toISOString();
  const prolonged = yield* prolong(unit, row, until);
  const { grantId, grantExpiresAt } = prolonged ?? (yield* makeGrant(unit, row, until));
  const approved = { ...row, state: "approved" as const, grantId, grantExpiresAt, closedAt: unit.now };
  told(unit, "granted", approved, { level: row.level, until: grantExpiresAt, rule: row.ruleName });
  yield* notifyAccessDecided(unit, approved);
  return yield* save(unit, approved);
}

function* makeGrant(unit: UnitContext, row: AccessRequestRow, until: string) {
  const id = newId("gnt");
  const short = `request-${row.shortId.toLowerCase()}`;
  const name = (yield* selectOne(grants, eq(grants.name, short))) === undefined ? short : id;
  const { principalId, resourceId, level } = row;
  const limits = { level, expiresAt: until, requestId: row.id };
  yield* insert(grants, {
    id,
    name,
    principalId,
    groupId: null,
    resourceId,
    selector: null,
    ...limits,
    createdAt: unit.now,
  });
  unit.changed("grant", id);
  return { grantId: id, grantExpiresAt: until };
}

function* prolong(unit: UnitContext, row: AccessRequestRow, until: string) {
  if (row.extendsId === null) return undefined;
  const before = yield* selectOne(accessRequests, eq(accessRequests.id, row.extendsId));
  const grant = before?.grantId == null ? undefined : yield* selectOne(grants, eq(grants.id, before.grantId));
  if (grant === undefined || grant.expiresAt === null || grant.expiresAt <= unit.now) return undefined;
  const later = grant.expiresAt > until ? grant.expiresAt : until;
  yield* update(grants, { expiresAt: later }, eq(grants.id, grant.id));
  yield* update(accessRequests, { grantExpiresAt: later }, eq(accessRequests.id, row.extendsId));
  unit.changed("grant", grant.id);
  return { grantId: grant.id, grantExpiresAt: later };
}

export function* save(unit: UnitContext, row: AccessRequestRow): Work<AccessRequestRow> {
  const { id, ...set } = row;
  yield* update(accessRequests, set, eq(accessRequests.id, id));
  unit.changed("access_request", id);
  return row;
}
