import { createHash } from "node:crypto";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { newId, newShortId } from "@tidewaiter/core/ids";
import type { Permission } from "../../permissions.ts";
import { and, desc, eq, gt, lte } from "../../storage/drizzle.ts";
import { changeRequests } from "../../storage/schema.ts";
import { count, insert, select, selectOne, update, type Work } from "../../storage/statement.ts";
import { read, type UnitContext, type UnitDefinition, write } from "../../storage/unit.ts";
import { selfDecision } from "../access-requests/self.ts";
import { toJson } from "../apply/documents.ts";
import { notifyChangeDecided, notifyChangeRequested } from "../notifications/requests.ts";
import type { PrincipalRef } from "../principals/store.ts";
import { requirePermission, rightsOfRef } from "../roles/rights.ts";
import { replayable } from "./replayable.ts";
import type { ChangeRequestState, Weakening } from "./weakening.ts";

export type ChangeRequestRow = typeof changeRequests.$inferSelect;

export interface OpenArgs {
  /** `feature.name` of the unit of work that waits. */
  readonly unit: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly findings: readonly Weakening[];
}

/** How long somebody may decide. */
const OPEN_MS = 3 * 24 * 3600 * 1000;
const OPEN_LIMIT = 200;

export const changeRequestUnits = {
  /** Keeps a unit that waits for a second person. The same one that waits already is given back. */
  open: write(function* (unit, args: OpenArgs): Work<ChangeRequestRow> {
    if (replayable(args.unit) === undefined) {
      throw new TidewaiterError("second_person_needed", "this weakens protection: make the change by another way", {
        next: "tw apply -f FILE",
      });
    }
    const kept = keepable(args.args);
    const binding = bindingOf({ ...args, args: kept });
    const by = requesterOf(args.args);
    const waiting = and(eq(changeRequests.state, "pending"), gt(changeRequests.expiresAt, unit.now));
    const same = yield* selectOne(changeRequests, and(waiting, eq(changeRequests.binding, binding)));
    if (same !== undefined) return same;
    if ((yield* count(changeRequests, waiting)) >= OPEN_LIMIT) {
      throw new TidewaiterError("rate_limited", `${OPEN_LIMIT} changes wait for a second person already`);
    }
    const row: ChangeRequestRow = {
      id: newId("chg"),
      shortId: yield* freeShortId(),
      unit: args.unit,
      args: kept,
      findings: args.findings,
      binding,
      state: "pending",
      requestedBy: by.id,
      requesterName: by.name,
      ownerId: by.ownerId ?? null,
      requestedAt: unit.now,
      expiresAt: new Date(Date.parse(unit.now) + OPEN_MS).toISOString(),
      decidedBy: null,
      decidedAt: null,
      comment: null,
      closedReason: null,
    };
    yield* insert(changeRequests, row);
    told(unit, "requested", row, by.id, {});
    yield* notifyChangeRequested(unit, row);
    return row;
  }),

  list: read(function* (
    unit,
    args: { state?: ChangeRequestState | undefined; limit: number },
  ): Work<ChangeRequestRow[]> {
    const rows = yield* select(changeRequests, { orderBy: desc(changeRequests.requestedAt), limit: 1000 });
    const now = rows.map((row) => atTime(row, unit.now));
    return now.filter(({ state }) => args.state === undefined || state === args.state).slice(0, args.limit);
  }),

  get: read(function* (unit, args: { id: string }): Work<ChangeRequestRow> {
    return atTime(yield* find(args.id), unit.now);
  }),

  /** Runs exactly what was kept, in this very transaction; when it would do anything else now, nothing happens. */
  approve: write(function* (unit, args: { by: PrincipalRef; id: string; comment: string }): Work<ChangeRequestRow> {
    const row = yield* requirePending(unit, args.id);
    const kept = replayable(row.unit);
    if (kept === undefined) throw new TidewaiterError("conflict", `${row.shortId} cannot be applied any more`);
    const own = yield* selfDecision(args.by, { principalId: row.requestedBy, ownerId: row.ownerId });
    if (own !== undefined) throw new TidewaiterError("permission_missing", own);
    yield* requireMayApprove(args.by, row, kept.permission);
    yield* requireRequester(row);
    yield* replay(unit, row, kept.unit);
    told(unit, "applied", row, args.by.id, { by: args.by.name, comment: args.comment });
    yield* notifyChangeDecided(unit, row, `approved by ${args.by.name} and made`);
    return yield* close(row, { state: "applied", decidedBy: args.by.name, decidedAt: unit.now, comment: args.comment });
  }),

  /** By anybody who could approve it; by whoever asked, it is withdrawn. */
  reject: write(function* (unit, args: { by: PrincipalRef; id: string; comment: string }): Work<ChangeRequestRow> {
    const row = yield* requirePending(unit, args.id);
    const state = row.requestedBy === args.by.id ? "withdrawn" : "rejected";
    const permission = replayable(row.unit)?.permission;
    if (state === "rejected" && permission !== undefined) yield* requirePermission(args.by, permission);
    told(unit, state, row, args.by.id, { by: args.by.name, comment: args.comment });
    yield* notifyChangeDecided(unit, row, `${state} by ${args.by.name}`);
    return yield* close(row, { state, decidedBy: args.by.name, decidedAt: unit.now, comment: args.comment });
  }),

  sweep: write(function* (unit): Work<void> {
    const late = and(eq(changeRequests.state, "pending"), lte(changeRequests.expiresAt, unit.now));
    for (const row of yield* select(changeRequests, { where: late })) {
      told(unit, "expired", row, row.requestedBy, {});
      yield* close(row, { state: "expired", closedReason: "nobody decided in time" });
    }
  }),
};

/** Runs the kept unit with its own arguments; what it weakens must be what was shown to whoever approves. */
function* replay(unit: UnitContext, row: ChangeRequestRow, replayed: UnitDefinition<never, unknown>): Work<void> {
  const findings: Weakening[] = [];
  let discarded = false;
  const context: UnitContext = {
    ...unit,
    weakens: (finding) => findings.push(finding),
    weakenings: () => findings,
    discard: () => {
      discarded = true;
    },
  };
  yield* replayed.body(context, row.args as never);
  if (discarded || bindingOf({ unit: row.unit, args: row.args, findings }) !== row.binding) {
    throw new TidewaiterError("conflict", `${row.shortId} would do something else now than was shown`, {
      next: `tw changes reject ${row.shortId}, and make the change again`,
    });
  }
}

/** For every noun that it touches, what changing that takes. */
const PERMISSION_OF: Readonly<Record<string, Permission>> = {
  principal: "principals.write",
  group: "groups.write",
  role: "roles.write",
  resource: "resources.write",
  labels: "resources.write",
  grant: "grants.write",
  access_rule: "access_rules.write",
  policy: "config.apply",
  settings: "settings.write",
  emergency: "emergency.write",
  identity_provider: "identity_providers.write",
  federation: "federations.write",
  identity: "principals.write",
  api_key: "api_keys.write",
  notification_channel: "notifications.write",
};

/** Who could make the change themselves, and is not who gains by it. */
function* requireMayApprove(by: PrincipalRef, row: ChangeRequestRow, permission: Permission): Work<void> {
  yield* requirePermission(by, permission);
  for (const { noun } of row.findings) yield* requirePermission(by, PERMISSION_OF[noun] ?? "config.apply");
  if (row.findings.some((finding) => gains(finding, by.name))) {
    throw new TidewaiterError("permission_missing", "nobody approves what they gain by");
  }
}

function gains({ noun, name, before, after }: Weakening, who: string): boolean {
  if (noun === "principal" || noun === "identity") return name === who;
  const members = (json: string | null) =>
    json === null ? [] : ((JSON.parse(json) as { members?: string[] }).members ?? []);
  return noun === "group" && members(after).includes(who) && !members(before).includes(who);
}

/** Whoever asked must still be there and still be allowed to ask. */
function* requireRequester(row: ChangeRequestRow): Work<void> {
  const permission = replayable(row.unit)?.permission;
  if (permission === undefined || !row.requestedBy.startsWith("prn_")) return;
  const by = { id: row.requestedBy, name: row.requesterName };
  if ((yield* rightsOfRef(by))[permission] !== undefined) return;
  throw new TidewaiterError("conflict", `${row.requesterName} may not make this change any more`);
}

/** What a caller may do by the key that they came with is not kept: rights are read anew. */
function keepable(args: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { by } = args as { readonly by?: PrincipalRef };
  const plain: unknown = JSON.parse(
    JSON.stringify(by === undefined ? args : { ...args, by: { id: by.id, name: by.name, ownerId: by.ownerId } }),
  );
  return plain as Readonly<Record<string, unknown>>;
}

function requesterOf(args: Readonly<Record<string, unknown>>): PrincipalRef {
  const { by, provider } = args as { readonly by?: PrincipalRef; readonly provider?: string };
  return by ?? { id: `provider:${provider ?? ""}`, name: provider ?? "a program" };
}

function bindingOf({ unit, args, findings }: OpenArgs): string {
  return createHash("sha256")
    .update(toJson([unit, args, findings]) ?? "")
    .digest("hex");
}

function* requirePending(unit: UnitContext, id: string): Work<ChangeRequestRow> {
  const row = atTime(yield* find(id), unit.now);
  if (row.state !== "pending") throw new TidewaiterError("conflict", `change ${row.shortId} is ${row.state} already`);
  return row;
}

function* close(row: ChangeRequestRow, set: Partial<ChangeRequestRow>): Work<ChangeRequestRow> {
  yield* update(changeRequests, set, eq(changeRequests.id, row.id));
  return { ...row, ...set };
}

function told(unit: UnitContext, verb: string, row: ChangeRequestRow, by: string, data: Record<string, string>): void {
  unit.changed("change_request", row.id);
  const what = row.findings.map(({ noun, name }) => `${noun} ${name}`).join(", ");
  const facts = { shortId: row.shortId, requester: row.requesterName, what: what.slice(0, 1000), ...data };
  const principal = by.startsWith("prn_") ? { principalId: by } : {};
  unit.audit({ type: `change_request.${verb}`, ...principal, data: facts });
}

/** By id or short id. */
function* find(id: string): Work<ChangeRequestRow> {
  const row =
    (yield* selectOne(changeRequests, eq(changeRequests.id, id))) ??
    (yield* selectOne(changeRequests, eq(changeRequests.shortId, id.toUpperCase())));
  if (row === undefined) throw new TidewaiterError("not_found", `there is no change ${id}`);
  return row;
}

function* freeShortId(): Work<string> {
  for (let length = 5; ; length++) {
    const shortId = newShortId(length);
    if ((yield* selectOne(changeRequests, eq(changeRequests.shortId, shortId))) === undefined) return shortId;
  }
}

function atTime(row: ChangeRequestRow, now: string): ChangeRequestRow {
  return row.state === "pending" && row.expiresAt <= now ? { ...row, state: "expired" } : row;
}
