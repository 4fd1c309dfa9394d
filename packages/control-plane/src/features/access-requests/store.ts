import type { AccessLevel } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { newId, newShortId } from "@tidewaiter/core/ids";
import { and, asc, desc, eq, gt, isNotNull, lte } from "../../storage/drizzle.ts";
import { accessRequests, accessRules, grants, resources } from "../../storage/schema.ts";
import { count, insert, remove, select, selectOne, type Work } from "../../storage/statement.ts";
import { read, type UnitContext, write } from "../../storage/unit.ts";
import { notifyAccessRequested } from "../notifications/requests.ts";
import { type KnownPrincipal, loadPrincipals, principalProblem } from "../principals/membership.ts";
import type { PrincipalRef } from "../principals/store.ts";
import { requirePermission } from "../roles/rights.ts";
import type { AccessRequestState, AccessRule } from "./access-rule.ts";
import { type DecideArgs, decideRequest, giveAccess, save } from "./decide.ts";
import { escalated, limitProblem, ruleFits, standsFor } from "./fits.ts";
import type { AccessRuleRow } from "./rule-store.ts";
import { selfDecision } from "./self.ts";
import { told } from "./told.ts";

export type AccessRequestRow = typeof accessRequests.$inferSelect;

export interface NewAccessRequest {
  readonly resource: string;
  readonly level: AccessLevel;
  readonly durationSeconds: number;
  readonly reason: string;
  /** Of several that fit; default: one that asks nobody, else the first by name. */
  readonly rule?: string | undefined;
}

interface CreateArgs {
  readonly by: PrincipalRef;
  /** Whom an AI agent acts for now. */
  readonly ownerId: string | null;
  readonly request: NewAccessRequest;
  /** The request whose time is to be prolonged. */
  readonly extendsId?: string;
}

/** What somebody may ask for on one resource by one rule. */
export interface RequestOption {
  readonly resource: string;
  readonly level: AccessLevel;
  readonly maxSeconds: number;
  readonly rule: string;
  readonly autoApprove: boolean;
  readonly reviewers: readonly string[];
}

export interface RequestQuery {
  readonly state?: AccessRequestState | undefined;
  readonly limit: number;
  /** Only what concerns this principal: theirs, their AI agents', or theirs to decide. */
  readonly concerning?: string | undefined;
}

/** One principal cannot flood the reviewers. */
const OPEN_LIMIT = 16;
/** A grant whose time is over stays so long, so that its sessions can say why they ended. */
const REMEMBERED_MS = 24 * 3600 * 1000;

export const accessRequestUnits = {
  create: write(function* (unit, args: CreateArgs): Work<AccessRequestRow> {
    return yield* createRequest(unit, args);
  }),

  /** Asks for more time on what was given; a new request, and a new decision. */
  extend: write(function* (
    unit,
    args: Omit<CreateArgs, "request" | "extendsId"> &
      Pick<NewAccessRequest, "durationSeconds" | "reason"> & { id: string },
  ): Work<AccessRequestRow> {
    const before = atTime(yield* findRequest(args.id), unit.now);
    if (before.principalId !== args.by.id) throw notThere(args.id);
    if (before.state !== "approved" || !isActive(before, unit.now)) {
      throw new TidewaiterError("conflict", `request ${before.shortId} gives no access now: ask anew`);
    }
    const { durationSeconds, reason, by, ownerId } = args;
    const { resourceName: resource, level, ruleName: rule } = before;
    const request = { resource, level, durationSeconds, reason, rule };
    return yield* createRequest(unit, { by, ownerId, request, extendsId: before.id });
  }),

  options: read(function* (_unit, args: { principalId: string }): Work<RequestOption[]> {
    const known = (yield* loadPrincipals([args.principalId])).get(args.principalId);
    if (known === undefined || principalProblem(known) !== undefined) return [];
    return yield* optionsOf(known);
  }),

  get: read(function* (unit, args: { id: string }): Work<AccessRequestRow> {
    return atTime(yield* findRequest(args.id), unit.now);
  }),

  list: read(function* (unit, query: RequestQuery): Work<AccessRequestRow[]> {
    const rows = (yield* select(accessRequests, { orderBy: desc(accessRequests.requestedAt), limit: 1000 }))
      .map((row) => atTime(row, unit.now))
      .filter((row) => query.state === undefined || row.state === query.state);
    const shown: AccessRequestRow[] = [];
    for (const row of rows) {
      if (shown.length >= query.limit) break;
      if (query.concerning === undefined || (yield* concerns(unit, row, query.concerning))) shown.push(row);
    }
    return shown;
  }),

  /** Is it theirs, their AI agent's, or may they decide about it? */
  concerns: read(function* (unit, args: { id: string; principalId: string }): Work<boolean> {
    return yield* concerns(unit, yield* findRequest(args.id), args.principalId);
  }),

  decide: write(function* (unit, args: DecideArgs): Work<AccessRequestRow> {
    return yield* decideRequest(unit, atTime(yield* findRequest(args.id), unit.now), args);
  }),

  /** Takes back what is not decided yet, or gives back what was given: its sessions end. */
  giveBack: write(function* (unit, args: { by: PrincipalRef; id: string }): Work<AccessRequestRow> {
    const row = atTime(yield* findRequest(args.id), unit.now);
    yield* requireMayGiveBack(args.by, row);
    if (row.state === "pending") {
      told(unit, "withdrawn", row, { by: args.by.name }, args.by.id);
      return yield* save(unit, { ...row, state: "withdrawn", closedAt: unit.now, closedReason: `by ${args.by.name}` });
    }
    if (row.state !== "approved" || !isActive(row, unit.now)) {
      throw new TidewaiterError("conflict", `request ${row.shortId} gives no access now`);
    }
    if (row.grantId !== null) {
      yield* remove(grants, eq(grants.id, row.grantId));
      unit.changed("grant", row.grantId);
    }
    told(unit, "returned", row, { by: args.by.name }, args.by.id);
    return yield* save(unit, { ...row, state: "returned", closedAt: unit.now, closedReason: `by ${args.by.name}` });
  }),

  /** Says aloud what time has changed: requests that ran out or go to others now, grants whose time is long over. */
  sweep: write(function* (unit): Work<void> {
    for (const row of yield* select(accessRequests, { where: eq(accessRequests.state, "pending") })) {
      if (row.expiresAt <= unit.now) {
        told(unit, "expired", row);
        yield* save(unit, { ...row, state: "expired", closedAt: unit.now, closedReason: "nobody decided in time" });
      } else if (row.escalatedAt === null && (yield* isEscalated(unit, row))) {
        const to = yield* escalatedTo(row);
        told(unit, "escalated", row, { to });
        yield* notifyAccessRequested(unit, row, to.split(" "));
        yield* save(unit, { ...row, escalatedAt: unit.now });
      }
    }
    const since = new Date(Date.parse(unit.now) - REMEMBERED_MS).toISOString();
    const over = and(isNotNull(grants.requestId), lte(grants.expiresAt, since));
    for (const grant of yield* select(grants, { where: over })) {
      yield* remove(grants, eq(grants.id, grant.id));
      unit.changed("grant", grant.id);
    }
  }),
};

function* createRequest(unit: UnitContext, args: CreateArgs): Work<AccessRequestRow> {
  const { by, request } = args;
  const known = (yield* loadPrincipals([by.id])).get(by.id);
  if (known === undefined) throw notThere(request.resource);
  const resource = yield* selectOne(resources, eq(resources.name, request.resource));
  const rule = yield* ruleFor(known, resource, request);
  const pending = and(eq(accessRequests.principalId, by.id), eq(accessRequests.state, "pending"));
  if ((yield* count(accessRequests, and(pending, gt(accessRequests.expiresAt, unit.now)))) >= OPEN_LIMIT) {
    throw new TidewaiterError("rate_limited", `${by.name} has ${OPEN_LIMIT} access requests open`);
  }
  const row: AccessRequestRow = {
    id: newId("arq"),
    shortId: yield* freeShortId(),
    ruleId: rule.id,
    ruleName: rule.name,
    principalId: by.id,
    principalName: known.row.name,
    ownerId: args.ownerId ?? known.row.ownerId,
    resourceId: resource?.id ?? "",
    resourceName: request.resource,
    level: request.level,
    durationSeconds: request.durationSeconds,
    reason: request.reason,
    state: "pending",
    decisions: [],
    extendsId: args.extendsId ?? null,
    grantId: null,
    grantExpiresAt: null,
    requestedAt: unit.now,
    expiresAt: new Date(Date.parse(unit.now) + rule.rule.expiresSeconds * 1000).toISOString(),
    escalatedAt: null,
    closedAt: null,
    closedReason: null,
  };
  yield* insert(accessRequests, row);
  const askedOf = rule.rule.reviewers.by.join(" ");
  const { level, durationSeconds: seconds, reason } = request;
  told(unit, "requested", row, { level, seconds, reason, rule: rule.name, askedOf, extends: row.extendsId });
  if (rule.rule.autoApprove) return yield* giveAccess(unit, row);
  yield* notifyAccessRequested(unit, row, rule.rule.reviewers.by);
  return row;
}

/** One answer for a resource that is not there and for one that may not be asked for. */
function* ruleFor(
  known: KnownPrincipal,
  resource: typeof resources.$inferSelect | undefined,
  request: NewAccessRequest,
): Work<AccessRuleRow> {
  const rows = resource === undefined ? [] : yield* select(accessRules, { orderBy: asc(accessRules.name) });
  const fitting = rows.filter(
    ({ name, rule }) =>
      resource !== undefined &&
      (request.rule === undefined || request.rule === name) &&
      ruleFits(rule, known, resource),
  );
  if (fitting.length === 0) throw notThere(request.resource);
  const wide = fitting.filter(({ rule }) => limitProblem(rule, request.level, request.durationSeconds) === undefined);
  const chosen = wide.find(({ rule }) => rule.autoApprove) ?? wide[0];
  if (chosen !== undefined) return chosen;
  const limits = fitting.map(({ name, rule }) => `${name}: up to ${rule.level} for ${rule.maxSeconds} s`);
  throw new TidewaiterError("bad_request", `so much may not be asked for (${limits.join("; ")})`);
}

export function* optionsOf(known: KnownPrincipal): Work<RequestOption[]> {
  const rules = yield* select(accessRules, { orderBy: asc(accessRules.name) });
  const rows = yield* select(resources, { orderBy: asc(resources.name) });
  return rows.flatMap((resource) =>
    rules
      .filter(({ rule }) => ruleFits(rule, known, resource))
      .map(({ name, rule }) => toOption(resource.name, name, rule)),
  );
}

function toOption(resource: string, name: string, rule: AccessRule): RequestOption {
  const { level, maxSeconds, autoApprove, reviewers } = rule;
  return { resource, level, maxSeconds, rule: name, autoApprove, reviewers: reviewers.by };
}

function* concerns(unit: UnitContext, row: AccessRequestRow, principalId: string): Work<boolean> {
  if (row.principalId === principalId || row.ownerId === principalId) return true;
  const rule = (yield* selectOne(accessRules, eq(accessRules.id, row.ruleId)))?.rule;
  const known = yield* loadPrincipals([row.principalId, principalId]);
  const [requester, reviewer] = [known.get(row.principalId), known.get(principalId)];
  if (rule === undefined || requester === undefined || reviewer === undefined) return false;
  if ((yield* selfDecision(reviewer.row, row)) !== undefined) return false;
  return standsFor({ rule, requester, requestedAt: row.requestedAt, now: unit.now }, reviewer).length > 0;
}

/** Theirs or their AI agent's; also whoever may take grants on it. */
function* requireMayGiveBack(by: PrincipalRef, row: AccessRequestRow): Work<void> {
  if (row.principalId === by.id || row.ownerId === by.id) return;
  const resource = yield* selectOne(resources, eq(resources.id, row.resourceId));
  yield* requirePermission(by, "grants.write", resource?.tags);
}

function* isEscalated(unit: UnitContext, row: AccessRequestRow): Work<boolean> {
  const rule = (yield* selectOne(accessRules, eq(accessRules.id, row.ruleId)))?.rule;
  return rule !== undefined && escalated({ rule, requestedAt: row.requestedAt, now: unit.now });
}

function* escalatedTo(row: AccessRequestRow): Work<string> {
  const rule = (yield* selectOne(accessRules, eq(accessRules.id, row.ruleId)))?.rule;
  return rule?.reviewers.escalate?.to.join(" ") ?? "";
}

/** By id, or by short id among what is pending, else the newest. */
function* findRequest(id: string): Work<AccessRequestRow> {
  const byId = yield* selectOne(accessRequests, eq(accessRequests.id, id));
  if (byId !== undefined) return byId;
  const short = yield* select(accessRequests, {
    where: eq(accessRequests.shortId, id.toUpperCase()),
    orderBy: desc(accessRequests.requestedAt),
    limit: 20,
  });
  const row = short.find(({ state }) => state === "pending") ?? short[0];
  if (row === undefined) throw notThere(id);
  return row;
}

function* freeShortId(): Work<string> {
  for (let length = 5; ; length++) {
    const shortId = newShortId(length);
    if ((yield* selectOne(accessRequests, eq(accessRequests.shortId, shortId))) === undefined) return shortId;
  }
}

function notThere(what: string): TidewaiterError {
  return new TidewaiterError("not_found", `there is no ${what} that concerns you`, { next: "tw request" });
}

/** Nobody decided in time, whether or not the sweep has seen it. */
export function atTime(row: AccessRequestRow, now: string): AccessRequestRow {
  return row.state === "pending" && row.expiresAt <= now ? { ...row, state: "expired" } : row;
}

/** It gives access now. */
export function isActive(row: AccessRequestRow, now: string): boolean {
  return row.state === "approved" && row.grantExpiresAt !== null && row.grantExpiresAt > now;
}
