import type { AccessLevel } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import type { SQL } from "drizzle-orm";
import { and, asc, desc, eq, gt, inArray, isNull, lt } from "../../storage/drizzle.ts";
import { type MandateType, mandates, principals, resources } from "../../storage/schema.ts";
import { count, insert, remove, select, selectOne, update, type Work } from "../../storage/statement.ts";
import { read, type UnitContext, write } from "../../storage/unit.ts";
import type { PrincipalRef } from "../principals/store.ts";
import { requireResource } from "../resources/store.ts";
import { needsPresence, takePresence } from "../secrets/presence.ts";
import { loadActing } from "./acting.ts";
import { type Holder, toHolder } from "./holder.ts";
import { type MandateRow, mandateState } from "./mandate.ts";

/** Of one principal and, for delegations, one person. */
export const LIVE_MANDATES_LIMIT = 100;
/** The last use is written down at most so often. */
export const TOUCH_MS = 60_000;
/** A dead one stays so long: its holder is told why, and a list can show it. */
const REMEMBERED_MS = 30 * 24 * 3600 * 1000;

export interface MandateView {
  readonly id: string;
  readonly type: MandateType;
  readonly name: string;
  readonly principal: string;
  readonly onBehalfOf: string | null;
  readonly permissions: readonly string[] | null;
  /** Names; one that was deleted is left out. Null: any. */
  readonly resources: readonly string[] | null;
  readonly level: AccessLevel | null;
  readonly state: "live" | "revoked" | "expired";
  readonly createdBy: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly lastUsedAt: string | null;
  readonly lastUsedFrom: string | null;
}

export interface MandateQuery {
  readonly type: MandateType;
  /** Only those that this person gave. */
  readonly ownerId?: string | undefined;
  readonly dead?: boolean | undefined;
}

export const mandateUnits = {
  /** By the hash of its secret. Undefined: there is no such mandate. */
  holder: read(function* (unit, args: { secretHash: string }): Work<{ id: string; holder: Holder } | undefined> {
    const row = yield* selectOne(mandates, eq(mandates.secretHash, args.secretHash));
    if (row === undefined) return undefined;
    const [acting] = yield* loadActing([{ principalId: row.principalId, mandateId: row.id }], unit.now);
    return acting === undefined ? undefined : { id: row.id, holder: yield* toHolder(acting, unit.now) };
  }),

  used: write(function* (unit, args: { id: string; from: string | undefined }): Work<void> {
    const stale = new Date(Date.parse(unit.now) - TOUCH_MS).toISOString();
    const row = yield* selectOne(mandates, eq(mandates.id, args.id));
    if (row === undefined || (row.lastUsedAt !== null && row.lastUsedAt > stale)) return;
    const from = args.from ?? row.lastUsedFrom;
    yield* update(mandates, { lastUsedAt: unit.now, lastUsedFrom: from }, eq(mandates.id, row.id));
  }),

  /** Somebody came with one that is not in force: told at most once a minute. */
  refused: write(function* (unit, args: { id: string; reason: string; from: string | undefined }): Work<void> {
    const stale = new Date(Date.parse(unit.now) - TOUCH_MS).toISOString();
    const row = yield* selectOne(mandates, eq(mandates.id, args.id));
    if (row === undefined || (row.lastRefusedAt !== null && row.lastRefusedAt > stale)) return;
    yield* update(mandates, { lastRefusedAt: unit.now }, eq(mandates.id, row.id));
    const data = { id: row.id, name: row.name, reason: args.reason, address: args.from ?? null };
    unit.audit({ type: `${row.type}.refused`, principalId: row.principalId, data });
  }),

  list: read(function* (unit, query: MandateQuery): Work<MandateView[]> {
    const rows = yield* select(mandates, {
      where: and(
        eq(mandates.type, query.type),
        query.ownerId === undefined ? undefined : eq(mandates.ownerId, query.ownerId),
        query.dead === true ? undefined : live(unit.now),
      ),
      orderBy: desc(mandates.createdAt),
      limit: 1000,
    });
    return yield* mandateViews(rows, unit.now);
  }),

  /** By id or, for what is live, by name. Sessions opened with it end. */
  revoke: write(function* (unit, args: RevokeArgs): Work<string> {
    const row = yield* findMandate(unit, args);
    if (row.revokedAt === null) yield* revokeMandate(unit, row, args.by);
    return row.id;
  }),

  /** Forgets those that are long dead. */
  sweep: write(function* (unit): Work<number> {
    const forgotten = new Date(Date.parse(unit.now) - REMEMBERED_MS).toISOString();
    return yield* remove(mandates, lt(mandates.expiresAt, forgotten));
  }),
};

interface RevokeArgs {
  readonly by: PrincipalRef;
  readonly type: MandateType;
  readonly id: string;
  /** Only those that this person gave. */
  readonly ownerId?: string | undefined;
}

export function* findMandate(unit: UnitContext, args: Omit<RevokeArgs, "by">): Work<MandateRow> {
  const own = args.ownerId === undefined ? undefined : eq(mandates.ownerId, args.ownerId);
  const ofType = and(eq(mandates.type, args.type), own);
  const byId = yield* selectOne(mandates, and(eq(mandates.id, args.id), ofType));
  if (byId !== undefined) return byId;
  const named = yield* select(mandates, { where: and(eq(mandates.name, args.id), ofType, live(unit.now)) });
  if (named.length > 1) throw new TidewaiterError("conflict", `several are called ${args.id}; give the id`);
  const [row] = named;
  if (row === undefined) throw new TidewaiterError("not_found", `there is no ${WORDS[args.type]} ${args.id}`);
  return row;
}

const WORDS = { api_key: "API key", delegation: "delegation", federation: "federated identity" } as const;

export function* revokeMandate(unit: UnitContext, row: MandateRow, by: PrincipalRef): Work<void> {
  yield* update(mandates, { revokedAt: unit.now }, eq(mandates.id, row.id));
  unit.changed("mandate", row.id);
  const data = { by: by.name, id: row.id, name: row.name };
  unit.audit({ type: `${row.type}.revoked`, principalId: by.id, data });
}

export type NewMandate = Pick<
  MandateRow,
  "id" | "type" | "name" | "principalId" | "ownerId" | "secretHash" | "permissions" | "resourceIds" | "level"
> &
  Pick<MandateRow, "sourceId" | "present" | "createdBy" | "expiresAt"> & {
    readonly signInId?: string | undefined;
  };

/** @throws TidewaiterError `conflict` when there are too many live ones of the same principal and person */
export function* insertMandate(unit: UnitContext, mandate: NewMandate): Work<void> {
  const { principalId, ownerId, type } = mandate;
  const person = ownerId === null ? isNull(mandates.ownerId) : eq(mandates.ownerId, ownerId);
  const same = and(eq(mandates.principalId, principalId), eq(mandates.type, type), person, live(unit.now));
  if (type !== "federation" && (yield* count(mandates, same)) >= LIVE_MANDATES_LIMIT) {
    throw new TidewaiterError("conflict", `there are ${LIVE_MANDATES_LIMIT} live ones already`, {
      next: "Revoke one that is not used any more.",
    });
  }
  yield* insert(mandates, { ...mandate, createdAt: unit.now });
  unit.changed("mandate", mandate.id);
}

/** Those that name a resource which takes presence are made in it, or not at all; others do not reach it. */
export function* presentFor(
  unit: UnitContext,
  signInId: string | undefined,
  names: readonly string[] | undefined,
): Work<boolean> {
  for (const name of names ?? []) {
    if (!needsPresence(yield* requireResource(name))) continue;
    yield* takePresence(unit, signInId, `reaching ${name} by a program`);
    return true;
  }
  return false;
}

export function* resourceIdsOf(names: readonly string[] | undefined): Work<string[] | null> {
  if (names === undefined) return null;
  const ids: string[] = [];
  for (const name of new Set(names)) ids.push((yield* requireResource(name)).id);
  return ids;
}

export function* mandateViews(rows: readonly MandateRow[], now: string): Work<MandateView[]> {
  const people = [...new Set(rows.flatMap(({ principalId, ownerId }) => [principalId, ...(ownerId ? [ownerId] : [])]))];
  const known = people.length === 0 ? [] : yield* select(principals, { where: inArray(principals.id, people) });
  const named = yield* select(resources, { orderBy: asc(resources.name) });
  const nameOf = (id: string | null) => known.find((row) => row.id === id)?.name ?? null;
  return rows.map((row) => {
    const { id, type, name, permissions, level, createdBy, createdAt, expiresAt, lastUsedAt, lastUsedFrom } = row;
    const { resourceIds } = row;
    return {
      id,
      type,
      name,
      principal: nameOf(row.principalId) ?? "",
      onBehalfOf: nameOf(row.ownerId),
      permissions,
      resources: resourceIds && named.flatMap((resource) => (resourceIds.includes(resource.id) ? [resource.name] : [])),
      level,
      state: mandateState(row, now),
      createdBy,
      createdAt,
      expiresAt,
      lastUsedAt,
      lastUsedFrom,
    };
  });
}

function live(now: string): SQL | undefined {
  return and(isNull(mandates.revokedAt), gt(mandates.expiresAt, now));
}
