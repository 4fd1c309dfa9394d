import { createHash } from "node:crypto";
import type { AuditEventInput, Change } from "@tidewaiter/core";
import { newId } from "@tidewaiter/core/ids";
import { twoPersonOn } from "../features/change-requests/two-person.ts";
import type { Weakening } from "../features/change-requests/weakening.ts";
import { eq, sql } from "./drizzle.ts";
import { changedBy, isVersioned, writeHistory } from "./history.ts";
import { auditEvents, changes, counters, sessions } from "./schema.ts";
import { execute, insert, selectOne, type Work } from "./statement.ts";

/** What a unit of work has besides its arguments. */
export interface UnitContext {
  /** The instant of the unit, ISO 8601. */
  readonly now: string;
  /** Written to the hash-chained audit log in the same transaction. */
  audit(event: AuditEventInput): void;
  /** Written to the outbox, and to the history of what decides about access, in the same transaction. */
  changed(kind: Change["kind"], id: string): void;
  /**
   * Says that what the unit does makes protection weaker. Where two people are needed for that, the unit is rolled back
   * at its end and waits, whole, for another person; whoever called it hears `second_person_needed`.
   */
  weakens(finding: Weakening): void;
  /** What was said so, up to now. */
  weakenings(): readonly Weakening[];
  /** The unit is rolled back at its end; its result is returned all the same (a dry run). */
  discard(): void;
}

/**
 * A whole unit of work: all or nothing, and seen by others only when it is done. `write` units run one at a time on
 * either store; `read` units see one consistent state. Arguments and results are plain data (they cross a thread).
 */
export interface UnitDefinition<Args, Result> {
  readonly mode: "read" | "write";
  readonly body: (unit: UnitContext, args: Args) => Work<Result>;
}

export function read<Args, Result>(body: UnitDefinition<Args, Result>["body"]): UnitDefinition<Args, Result> {
  return { mode: "read", body };
}

export function write<Args, Result>(body: UnitDefinition<Args, Result>["body"]): UnitDefinition<Args, Result> {
  return { mode: "write", body };
}

export interface UnitOutcome<Result> {
  readonly result: Result;
  /** The outbox sequence after the unit, when it changed anything. */
  readonly lastChange?: number;
  /** Set when the transaction has to be rolled back. */
  readonly discarded?: true;
  /** Set when it was rolled back since a second person has to approve it first. */
  readonly weakens?: readonly Weakening[];
}

/** The unit's body, then its outbox rows, its history, then its audit rows: counters are locked last and for the shortest time. */
export function* unitWork<Args, Result>(
  unit: UnitDefinition<Args, Result>,
  args: Args,
  now: string,
): Work<UnitOutcome<Result>> {
  const events: AuditEventInput[] = [];
  const changed = new Map<string, readonly [Change["kind"], string]>();
  const findings: Weakening[] = [];
  let discarded = false;
  const context: UnitContext = {
    now,
    weakens: (finding) => findings.push(finding),
    weakenings: () => findings,
    audit: (event) => events.push(event),
    changed: (kind, id) => changed.set(`${kind} ${id}`, [kind, id]),
    discard: () => {
      discarded = true;
    },
  };
  // As it was before: a unit that switches it off is the first that needs a second person.
  const secondPerson = unit.mode === "write" && (yield* twoPersonOn());
  const result = yield* unit.body(context, args);
  if (discarded) return { result, discarded };
  if (findings.length > 0 && secondPerson) return { result, discarded: true, weakens: findings };
  let lastChange: number | undefined;
  for (const [kind, id] of changed.values()) lastChange = yield* appendChange(kind, id, now);
  const written = { validFrom: now, sequence: lastChange ?? 0, changedBy: changedBy(args) };
  for (const [kind, id] of changed.values()) {
    if (isVersioned(kind)) yield* writeHistory(kind, id, written);
  }
  for (const event of events) yield* appendAuditEvent(yield* withPerson(event), now);
  return lastChange === undefined ? { result } : { result, lastChange };
}

function* appendChange(kind: Change["kind"], refId: string, at: string): Work<number> {
  const { rows } = yield* execute(sql`update ${counters} set value = value + 1 where name = 'changes' returning value`);
  const sequence = Number(rows[0]?.[0]);
  yield* insert(changes, { sequence, kind, refId, at });
  return sequence;
}

/** What an AI agent does for a person names both. */
function* withPerson(event: AuditEventInput): Work<AuditEventInput> {
  if (event.sessionId === undefined) return event;
  const session = yield* selectOne(sessions, eq(sessions.id, event.sessionId));
  if (session === undefined || session.ownerName === null) return event;
  return { ...event, data: { ...event.data, agent: session.principalName, onBehalfOf: session.ownerName } };
}

function* appendAuditEvent(event: AuditEventInput, at: string): Work<void> {
  const { rows } = yield* execute(
    sql`update ${counters} set value = value + 1 where name = 'audit' returning value, hash`,
  );
  const row = {
    sequence: Number(rows[0]?.[0]),
    id: newId("aud"),
    at,
    type: event.type,
    principalId: event.principalId ?? null,
    sessionId: event.sessionId ?? null,
    resourceId: event.resourceId ?? null,
    data: JSON.stringify(event.data),
    previousHash: String(rows[0]?.[1]),
  };
  const hash = auditHash(row);
  yield* insert(auditEvents, { ...row, hash });
  yield* execute(sql`update ${counters} set hash = ${hash} where name = 'audit'`);
}

export type HashedAuditEvent = Omit<typeof auditEvents.$inferSelect, "hash">;

/** SHA-256 (hex) over every stored field and the hash of the event before it; the first follows the empty string. */
export function auditHash(event: HashedAuditEvent): string {
  const fields = [
    event.previousHash,
    event.sequence,
    event.id,
    event.at,
    event.type,
    event.principalId,
    event.sessionId,
    event.resourceId,
    event.data,
  ];
  return createHash("sha256").update(JSON.stringify(fields)).digest("hex");
}
