import type {
  CheckRequest,
  LeaseRenewal,
  Principal,
  ReachableRequest,
  ReachableResources,
  Resource,
  SessionEnd,
  SessionRequest,
} from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import type { SQL } from "drizzle-orm";
import type { DataKeyRow } from "../../seal/data-key.ts";
import { and, desc, eq, inArray, isNotNull, isNull, lt, or, sql } from "../../storage/drizzle.ts";
import { sessions } from "../../storage/schema.ts";
import { select, selectOne, update, type Work } from "../../storage/statement.ts";
import { read, type UnitContext, write } from "../../storage/unit.ts";
import { type CredentialRow, findCredential } from "../credentials/store.ts";
import { loginName } from "../mandates/login-name.ts";
import type { Own } from "../mandates/own.ts";
import { type PrincipalRef, toPrincipal } from "../principals/store.ts";
import { withdrawReviewsOf } from "../reviews/session-end.ts";
import { watchedSessions } from "../watches/store.ts";
import { LEASE_MS, openSession, type Refusal } from "./authorize.ts";
import { cancelUnits } from "./cancel.ts";
import { type Checkable, findCheckable } from "./checkable.ts";
import { findReachable } from "./reachable.ts";
import { loadSessionFacts, sessionProblem } from "./recheck.ts";

export type SessionRow = typeof sessions.$inferSelect;

/** A gateway that has been silent for so long has ended its sessions itself. */
const SILENT_MS = 90_000;

export interface AuthorizeArgs {
  readonly request: SessionRequest;
  readonly sessionId: string;
  readonly recordingKey: DataKeyRow;
}

/** What the service turns into an AuthorizedSession. */
/** What a live session may use at its target, and who carries it there. */
export interface SessionCredential {
  readonly row: CredentialRow;
  readonly agentId: string;
  readonly gatewayId: string;
  readonly resource: string;
  /** As native clients name them. */
  readonly who: string;
}

export interface OpenedSession {
  readonly row: SessionRow;
  readonly principal: Principal;
  readonly resource: Resource;
}

export type Renewal =
  | {
      readonly sessionId: string;
      readonly ok: true;
      readonly row: SessionRow;
      readonly principal: Principal;
      readonly watched: boolean;
    }
  | { readonly sessionId: string; readonly ok: false; readonly reason: string };

export interface SessionQuery {
  readonly state?: "live" | "ended" | undefined;
  readonly principal?: string | undefined;
  readonly resource?: string | undefined;
  /** Only sessions of this principal and of AI agents that act for it. */
  readonly onlyOf?: Own | undefined;
  /** And all on these resources, by name. */
  readonly orOn?: readonly string[];
  readonly before?: { readonly startedAt: string; readonly id: string } | undefined;
  readonly limit: number;
}

export const sessionUnits = {
  ...cancelUnits,

  authorize: write(function* (unit, args: AuthorizeArgs): Work<OpenedSession | Refusal> {
    return yield* openSession(unit, args);
  }),

  reachable: read(function* (unit, request: ReachableRequest): Work<ReachableResources> {
    return yield* findReachable(request, unit.now);
  }),

  /** For a check of a resource by an administrator: no session is opened. */
  check: write(function* (unit, request: CheckRequest): Work<Checkable | { ok: false; detail: string }> {
    return yield* findCheckable(unit, request);
  }),

  /** Everything is checked anew; a session that lost its right ends here and now. */
  renew: write(function* (unit, args: { gatewayId: string; sessions: readonly LeaseRenewal[] }): Work<Renewal[]> {
    const results: Renewal[] = [];
    const facts = yield* loadSessionFacts(
      args.sessions.map((renewal) => renewal.sessionId),
      unit.now,
    );
    const watched = yield* watchedSessions(unit.now);
    for (const { sessionId, counters } of args.sessions) {
      const known = facts.get(sessionId);
      const reason = known === undefined ? "the session is unknown" : sessionProblem(known, args.gatewayId, unit.now);
      if (known?.acting?.known === undefined || reason !== undefined) {
        results.push({ sessionId, ok: false, reason: reason ?? "the principal was deleted" });
        continue;
      }
      const leaseExpiresAt = new Date(Date.parse(unit.now) + LEASE_MS).toISOString();
      yield* update(sessions, { heartbeatAt: unit.now, leaseExpiresAt, counters }, eq(sessions.id, sessionId));
      const row = { ...known.session, leaseExpiresAt };
      const principal = toPrincipal(known.acting.known);
      results.push({ sessionId, ok: true, row, principal, watched: watched.has(sessionId) });
    }
    return results;
  }),

  /** The sealed credential of a session that may still use it. */
  credential: write(function* (unit, args: { sessionId: string }): Work<SessionCredential> {
    const known = (yield* loadSessionFacts([args.sessionId], unit.now)).get(args.sessionId);
    const reason = known === undefined ? "it is unknown" : sessionProblem(known, known.session.gatewayId, unit.now);
    if (known === undefined || reason !== undefined) {
      throw new TidewaiterError("session_ended", `the session may not open its credential: ${reason}`);
    }
    const row = yield* findCredential(known.session.credentialId);
    if (row === undefined) throw new TidewaiterError("session_ended", "the credential was removed");
    const { id: sessionId, principalId, resourceId, agentId, gatewayId, resourceName: resource } = known.session;
    const data = { credential: row.id, level: row.level };
    unit.audit({ type: "credential.opened", principalId, sessionId, resourceId, data });
    const who = loginName(known.session.principalName, known.session.ownerName);
    return { row, agentId, gatewayId, resource, who };
  }),

  end: write(function* (unit, args: { sessionId: string; end: SessionEnd }): Work<void> {
    const row = yield* selectOne(sessions, eq(sessions.id, args.sessionId));
    if (row === undefined) throw new TidewaiterError("not_found", "there is no such session");
    if (row.endedAt !== null && row.segments !== null) return;
    const { reason, ...facts } = args.end;
    yield* endSession(unit, row, reason, facts);
  }),

  get: read(function* (_unit, args: { id: string } & Pick<SessionQuery, "onlyOf" | "orOn">): Work<SessionRow> {
    const row = yield* selectOne(sessions, and(eq(sessions.id, args.id), visibleTo(args)));
    if (row === undefined) throw new TidewaiterError("not_found", `there is no session ${args.id}`);
    return row;
  }),

  list: read(function* (_unit, query: SessionQuery): Work<SessionRow[]> {
    const { state, principal, resource, before } = query;
    const older = before && sql`(${sessions.startedAt}, ${sessions.id}) < (${before.startedAt}, ${before.id})`;
    return yield* select(sessions, {
      where: and(
        state && (state === "live" ? isNull(sessions.endedAt) : isNotNull(sessions.endedAt)),
        principal === undefined ? undefined : eq(sessions.principalName, principal),
        resource === undefined ? undefined : eq(sessions.resourceName, resource),
        visibleTo(query),
        older,
      ),
      orderBy: sql`${desc(sessions.startedAt)}, ${desc(sessions.id)}`,
      limit: query.limit,
    });
  }),

  /** The gateway that owns the session ends it when it sees the change, or at the next renewal. */
  kill: write(function* (unit, args: { by: PrincipalRef; id: string; reason: string }): Work<SessionRow> {
    const row = yield* selectOne(sessions, eq(sessions.id, args.id));
    if (row === undefined) throw new TidewaiterError("not_found", `there is no session ${args.id}`);
    if (row.endedAt !== null) throw new TidewaiterError("session_ended", "the session has ended already");
    const killReason = `ended by ${args.by.name}: ${args.reason}`;
    yield* update(sessions, { killReason }, eq(sessions.id, row.id));
    unit.changed("session", row.id);
    const data = { by: args.by.name, reason: args.reason };
    unit.audit({
      type: "session.killed",
      principalId: args.by.id,
      sessionId: row.id,
      resourceId: row.resourceId,
      data,
    });
    return { ...row, killReason };
  }),

  /** Ends the rows of sessions whose gateway is gone. */
  sweep: write(function* (unit): Work<number> {
    const since = new Date(Date.parse(unit.now) - SILENT_MS).toISOString();
    const lost = yield* select(sessions, { where: and(isNull(sessions.endedAt), lt(sessions.heartbeatAt, since)) });
    for (const row of lost) yield* endSession(unit, row, "its gateway was lost", {});
    return lost.length;
  }),
};

type EndFacts = Partial<Pick<SessionEnd, "counters" | "segments" | "lastSegmentHash">>;

/** The facts come even when the sweep was first: a gateway that was only cut off still tells how its recording ends. */
function* endSession(unit: UnitContext, row: SessionRow, reason: string, facts: EndFacts): Work<void> {
  const endedAt = row.endedAt ?? unit.now;
  yield* update(sessions, { ...facts, endedAt, endReason: row.endReason ?? reason }, eq(sessions.id, row.id));
  if (row.endedAt !== null) return;
  yield* withdrawReviewsOf(unit, row.id, `the session ended: ${reason}`);
  const { statements = 0, refused = 0, rows = 0 } = facts.counters ?? row.counters;
  const data = { reason, statements, refused, rows, segments: facts.segments ?? null };
  const { id: sessionId, principalId, resourceId } = row;
  unit.audit({ type: "session.ended", principalId, sessionId, resourceId, data });
}

function visibleTo({ onlyOf, orOn = [] }: Pick<SessionQuery, "onlyOf" | "orOn">): SQL | undefined {
  if (onlyOf === undefined) return undefined;
  const { principalId, ownerId } = onlyOf;
  const mine = eq(sessions.principalId, principalId);
  const own =
    ownerId === undefined ? or(mine, eq(sessions.ownerId, principalId)) : and(mine, eq(sessions.ownerId, ownerId));
  return orOn.length === 0 ? own : or(own, inArray(sessions.resourceName, [...orOn]));
}
