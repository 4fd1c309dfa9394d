import { TidewaiterError } from "@tidewaiter/core/errors";
import { newId } from "@tidewaiter/core/ids";
import { and, asc, desc, eq, gt, inArray, isNull, lte, or, sql } from "../../storage/drizzle.ts";
import { notificationChannels, notifications } from "../../storage/schema.ts";
import { count, insert, remove, select, selectOne, update, type Work } from "../../storage/statement.ts";
import { read, type UnitContext, write } from "../../storage/unit.ts";
import { protect } from "../change-requests/protect.ts";
import { channelWeakens } from "../change-requests/weakens.ts";
import type { PrincipalRef } from "../principals/store.ts";
import type { ChannelSettings } from "./channel.ts";
import { testMessage } from "./words.ts";

export type ChannelRow = typeof notificationChannels.$inferSelect;
export type NotificationRow = typeof notifications.$inferSelect;

export interface ChannelView extends Pick<ChannelRow, "name" | "settings"> {
  readonly waiting: number;
  readonly lastSentAt: string | null;
  readonly lastError: string | null;
}

/** Something to send, taken by one process until `leasedUntil`. */
export interface Claimed {
  readonly row: NotificationRow;
  readonly channel: ChannelRow;
}

/** Longer than any attempt. A process that was killed while it sent leaves it to the next after this time. */
const LEASE_MS = 60_000;
const MINUTE_MS = 60_000;
/** What was sent is kept so long, for those who ask whether it was. */
const KEPT_MS = 7 * 86_400_000;
const TEST_MS = 10 * 60_000;

export const notificationUnits = {
  channels: read(function* (): Work<ChannelView[]> {
    const rows = yield* select(notificationChannels, { orderBy: asc(notificationChannels.name) });
    const views: ChannelView[] = [];
    for (const row of rows) views.push(yield* viewOf(row));
    return views;
  }),

  putChannel: write(function* (
    unit,
    args: { by: PrincipalRef; name: string; settings: ChannelSettings },
  ): Work<ChannelView> {
    yield* putChannel(unit, args);
    return yield* viewOf(yield* requireChannel(args.name));
  }),

  removeChannel: write(function* (unit, args: { by: PrincipalRef; name: string }): Work<void> {
    yield* removeChannel(unit, args);
  }),

  /** A message that only says that it is a test; it goes the same way as all others. */
  queueTest: write(function* (unit, args: { by: PrincipalRef; name: string }): Work<string[]> {
    const channel = yield* requireChannel(args.name);
    const { settings } = channel;
    const to = settings.type === "email" && settings.to !== "asked" ? settings.to : [null];
    const ids: string[] = [];
    for (const address of to) {
      const id = newId("ntf");
      ids.push(id);
      const mine = settings.type === "email" && address === null;
      const row = {
        id,
        channelId: channel.id,
        event: "test",
        refId: id,
        recipientId: mine ? args.by.id : null,
        address,
      };
      const expiresAt = new Date(Date.parse(unit.now) + TEST_MS).toISOString();
      yield* insert(notifications, { ...row, ...fresh(unit), message: testMessage(args.by.name), expiresAt });
    }
    unit.changed("notification", channel.id);
    unit.audit({
      type: "notification.tested",
      principalId: args.by.id,
      data: { by: args.by.name, channel: args.name },
    });
    return ids;
  }),

  list: read(function* (
    _unit,
    args: { channel?: string | undefined; ids?: readonly string[] | undefined; limit: number },
  ) {
    const channel = args.channel === undefined ? undefined : yield* requireChannel(args.channel);
    const rows = yield* select(notifications, {
      where: and(
        channel === undefined ? undefined : eq(notifications.channelId, channel.id),
        args.ids === undefined ? undefined : inArray(notifications.id, [...args.ids]),
      ),
      orderBy: sql`${desc(notifications.createdAt)}, ${desc(notifications.id)}`,
      limit: args.limit,
    });
    const channels = yield* select(notificationChannels);
    return rows.map((row) => ({ ...row, channel: channels.find(({ id }) => id === row.channelId)?.name ?? "" }));
  }),

  /** Takes what is due for this process alone. Each channel gives no more than its rate leaves. */
  claim: write(function* (unit, args: { limit: number }): Work<Claimed[]> {
    const claimed: Claimed[] = [];
    for (const channel of yield* select(notificationChannels)) {
      const left = Math.min(args.limit - claimed.length, yield* rateLeft(unit, channel));
      if (left <= 0) continue;
      const due = and(
        eq(notifications.channelId, channel.id),
        eq(notifications.state, "waiting"),
        lte(notifications.nextAt, unit.now),
        gt(notifications.expiresAt, unit.now),
        or(isNull(notifications.leasedUntil), lte(notifications.leasedUntil, unit.now)),
      );
      for (const row of yield* select(notifications, {
        where: due,
        orderBy: asc(notifications.createdAt),
        limit: left,
      })) {
        const set = { leasedUntil: later(unit, LEASE_MS), attempts: row.attempts + 1 };
        yield* update(notifications, set, eq(notifications.id, row.id));
        claimed.push({ row: { ...row, ...set }, channel });
      }
    }
    return claimed;
  }),

  sent: write(function* (unit, args: { id: string; leasedUntil: string }): Work<boolean> {
    const set = { state: "sent", sentAt: unit.now, leasedUntil: null, lastError: null } as const;
    return (yield* update(notifications, set, heldBy(args))) > 0;
  }),

  /** `retryAt` absent: it would fail for ever. */
  failed: write(function* (
    unit,
    args: { id: string; leasedUntil: string; error: string; retryAt?: string },
  ): Work<void> {
    const { retryAt, error } = args;
    const set = { lastError: error.slice(0, 300), leasedUntil: null };
    const next = retryAt === undefined ? ({ state: "refused" } as const) : { nextAt: retryAt };
    if ((yield* update(notifications, { ...set, ...next }, heldBy(args))) === 0 || retryAt !== undefined) return;
    unit.audit({ type: "notification.refused", data: { notification: args.id, error: set.lastError } });
  }),

  /** Of a link in a mail: true exactly once, for the person that it was sent to. */
  open: write(function* (unit, args: { id: string; principalId: string }): Work<{ path: string } | undefined> {
    const row = yield* selectOne(notifications, eq(notifications.id, args.id));
    if (row === undefined || row.recipientId !== args.principalId) return undefined;
    if (row.openedAt !== null || row.expiresAt <= unit.now) return undefined;
    yield* update(notifications, { openedAt: unit.now }, eq(notifications.id, row.id));
    unit.audit({ type: "notification.opened", principalId: args.principalId, data: { notification: row.id } });
    return { path: row.message.path };
  }),

  /** When something is due next, for whoever waits; null = nothing waits. */
  nextDue: read(function* (unit): Work<string | null> {
    const waiting = and(eq(notifications.state, "waiting"), gt(notifications.expiresAt, unit.now));
    const rows = yield* select(notifications, { where: waiting, orderBy: asc(notifications.nextAt), limit: 1 });
    return rows[0]?.nextAt ?? null;
  }),

  sweep: write(function* (unit): Work<void> {
    const late = and(eq(notifications.state, "waiting"), lte(notifications.expiresAt, unit.now));
    const rows = yield* select(notifications, { where: late });
    for (const row of rows) {
      yield* update(notifications, { state: "expired" }, eq(notifications.id, row.id));
      const data = { notification: row.id, event: row.event, attempts: row.attempts, error: row.lastError };
      unit.audit({ type: "notification.expired", data });
    }
    const old = new Date(Date.parse(unit.now) - KEPT_MS).toISOString();
    yield* remove(notifications, and(sql`${notifications.state} <> 'waiting'`, lte(notifications.createdAt, old)));
  }),
};

export function* putChannel(
  unit: UnitContext,
  { by, name, settings }: { by: PrincipalRef; name: string; settings: ChannelSettings },
): Work<void> {
  const known = yield* selectOne(notificationChannels, eq(notificationChannels.name, name));
  const id = known?.id ?? newId("nch");
  const change = { before: known?.settings, after: settings };
  protect(unit, { noun: "notification_channel", name }, channelWeakens(change.before, change.after), change);
  if (known === undefined) yield* insert(notificationChannels, { id, name, settings, createdAt: unit.now });
  else yield* update(notificationChannels, { settings }, eq(notificationChannels.id, id));
  const type = known === undefined ? "notification_channel.created" : "notification_channel.updated";
  unit.changed("notification", id);
  unit.audit({ type, principalId: by.id, data: { by: by.name, name, type: settings.type } });
}

export function* removeChannel(unit: UnitContext, { by, name }: { by: PrincipalRef; name: string }): Work<void> {
  const row = yield* requireChannel(name);
  const why = channelWeakens(row.settings, undefined);
  protect(unit, { noun: "notification_channel", name }, why, { before: row.settings });
  yield* remove(notifications, eq(notifications.channelId, row.id));
  yield* remove(notificationChannels, eq(notificationChannels.id, row.id));
  unit.audit({ type: "notification_channel.deleted", principalId: by.id, data: { by: by.name, name } });
}

function* requireChannel(name: string): Work<ChannelRow> {
  const row = yield* selectOne(notificationChannels, eq(notificationChannels.name, name));
  if (row === undefined) throw new TidewaiterError("not_found", `there is no notification channel ${name}`);
  return row;
}

function* viewOf({ id, name, settings }: ChannelRow): Work<ChannelView> {
  const waiting = yield* count(notifications, and(eq(notifications.channelId, id), eq(notifications.state, "waiting")));
  const newest = { orderBy: desc(notifications.sentAt), limit: 1 };
  const [sent] = yield* select(notifications, {
    ...newest,
    where: and(eq(notifications.channelId, id), eq(notifications.state, "sent")),
  });
  const [failing] = yield* select(notifications, {
    where: and(eq(notifications.channelId, id), sql`${notifications.lastError} is not null`),
    orderBy: desc(notifications.createdAt),
    limit: 1,
  });
  return { name, settings, waiting, lastSentAt: sent?.sentAt ?? null, lastError: failing?.lastError ?? null };
}

/** Sent in the last minute, and being sent now, counts. */
function* rateLeft(unit: UnitContext, { id, settings }: ChannelRow): Work<number> {
  const since = new Date(Date.parse(unit.now) - MINUTE_MS).toISOString();
  const busy = or(gt(notifications.sentAt, since), gt(notifications.leasedUntil, unit.now));
  return settings.perMinute - (yield* count(notifications, and(eq(notifications.channelId, id), busy) ?? sql`1 = 0`));
}

/** Only who holds the lease still may say what became of it. */
function heldBy({ id, leasedUntil }: { readonly id: string; readonly leasedUntil: string }) {
  return and(eq(notifications.id, id), eq(notifications.state, "waiting"), eq(notifications.leasedUntil, leasedUntil));
}

function fresh(unit: UnitContext) {
  const none = { leasedUntil: null, sentAt: null, lastError: null, openedAt: null };
  return { state: "waiting", attempts: 0, nextAt: unit.now, createdAt: unit.now, ...none } as const;
}

function later(unit: UnitContext, ms: number): string {
  return new Date(Date.parse(unit.now) + ms).toISOString();
}
