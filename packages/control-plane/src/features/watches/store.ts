import { TidewaiterError } from "@tidewaiter/core/errors";
import { newId } from "@tidewaiter/core/ids";
import { and, eq, gt, lte } from "../../storage/drizzle.ts";
import { sessions, sessionWatches } from "../../storage/schema.ts";
import { insert, remove, select, selectOne, update, type Work } from "../../storage/statement.ts";
import { read, type UnitContext, write } from "../../storage/unit.ts";
import type { PrincipalRef } from "../principals/store.ts";

export type WatchRow = typeof sessionWatches.$inferSelect;

/** A watch that asks for nothing any more is over after this time. */
export const WATCH_MS = 15_000;
/** What is left of it when asking prolongs it: not each time is a write. */
const PROLONGED_BELOW_MS = 10_000;
/** Each makes the control plane read what is recorded once more. */
const MOST_OF_A_SESSION = 8;
const MOST_OF_A_PRINCIPAL = 16;

interface Mine {
  readonly id: string;
  readonly sessionId: string;
  readonly principalId: string;
}

export interface OpenWatch {
  readonly by: PrincipalRef;
  readonly sessionId: string;
  readonly reason: string;
  readonly originals: boolean;
}

export const watchUnits = {
  /** From now on the session's gateway hands over what it records within about a second. */
  open: write(function* (unit, { by, sessionId, reason, originals }: OpenWatch): Work<WatchRow> {
    const session = yield* selectOne(sessions, eq(sessions.id, sessionId));
    if (session === undefined) throw new TidewaiterError("not_found", `there is no session ${sessionId}`);
    if (session.endedAt !== null)
      throw new TidewaiterError("session_ended", "the session has ended", { next: `tw sessions replay ${sessionId}` });
    const open = yield* select(sessionWatches, { where: gt(sessionWatches.until, unit.now) });
    if (open.filter((watch) => watch.sessionId === sessionId).length >= MOST_OF_A_SESSION)
      throw new TidewaiterError("conflict", `${MOST_OF_A_SESSION} watch this session already`);
    if (open.filter((watch) => watch.principalId === by.id).length >= MOST_OF_A_PRINCIPAL)
      throw new TidewaiterError("conflict", `you watch ${MOST_OF_A_PRINCIPAL} sessions already`);
    const { resourceId } = session;
    const row: WatchRow = {
      id: newId("wch"),
      sessionId,
      principalId: by.id,
      principalName: by.name,
      resourceId,
      originals,
      startedAt: unit.now,
      until: later(unit),
    };
    yield* insert(sessionWatches, row);
    unit.changed("session", sessionId);
    // A look that is not recorded must not happen.
    const data = { by: by.name, reason, originals };
    unit.audit({ type: "session.watched", principalId: by.id, sessionId, resourceId, data });
    return row;
  }),

  /** @throws `not_found` for what is another's, or over */
  find: read(function* (unit, args: Mine): Work<WatchRow & { readonly dueSoon: boolean }> {
    const row = yield* selectOne(sessionWatches, and(mine(args), gt(sessionWatches.until, unit.now)));
    if (row === undefined) throw new TidewaiterError("not_found", "there is no such watch, or it is over");
    return { ...row, dueSoon: Date.parse(row.until) - Date.parse(unit.now) < PROLONGED_BELOW_MS };
  }),

  /** Nothing when it is over meanwhile. */
  prolong: write(function* (unit, args: Mine): Work<void> {
    yield* update(sessionWatches, { until: later(unit) }, and(mine(args), gt(sessionWatches.until, unit.now)));
  }),

  /** Nothing when it is over already. */
  close: write(function* (unit, args: Mine): Work<void> {
    const row = yield* selectOne(sessionWatches, mine(args));
    if (row !== undefined) yield* end(unit, row, unit.now);
  }),

  /** Something of a session was stored: whoever waits for it hears of it. */
  stored: write(function* (unit, args: { sessionId: string }): Work<void> {
    if (yield* isWatched(args.sessionId, unit.now)) unit.changed("recording", args.sessionId);
  }),

  isWatched: read(function* (unit, args: { sessionId: string }): Work<boolean> {
    return yield* isWatched(args.sessionId, unit.now);
  }),

  /** Ends what nobody asked anything of any more. */
  sweep: write(function* (unit): Work<void> {
    for (const row of yield* select(sessionWatches, { where: lte(sessionWatches.until, unit.now) }))
      yield* end(unit, row, row.until);
  }),
};

/** Sessions that somebody watches at the moment. */
export function* watchedSessions(now: string): Work<ReadonlySet<string>> {
  const rows = yield* select(sessionWatches, { where: gt(sessionWatches.until, now) });
  return new Set(rows.map(({ sessionId }) => sessionId));
}

function* isWatched(sessionId: string, now: string): Work<boolean> {
  const live = and(eq(sessionWatches.sessionId, sessionId), gt(sessionWatches.until, now));
  return (yield* selectOne(sessionWatches, live)) !== undefined;
}

function* end(unit: UnitContext, row: WatchRow, endedAt: string): Work<void> {
  yield* remove(sessionWatches, eq(sessionWatches.id, row.id));
  const { principalId, sessionId, resourceId, principalName, startedAt } = row;
  const seconds = Math.round((Date.parse(endedAt) - Date.parse(startedAt)) / 1000);
  const data = { by: principalName, seconds };
  unit.audit({ type: "session.watch_ended", principalId, sessionId, resourceId, data });
}

function later(unit: UnitContext): string {
  return new Date(Date.parse(unit.now) + WATCH_MS).toISOString();
}

function mine({ id, sessionId, principalId }: Mine) {
  return and(
    eq(sessionWatches.id, id),
    eq(sessionWatches.sessionId, sessionId),
    eq(sessionWatches.principalId, principalId),
  );
}
