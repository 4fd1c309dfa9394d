import type { AccessLevel } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { newId, newShortId } from "@tidewaiter/core/ids";
import { and, desc, eq, isNull, lte } from "../../storage/drizzle.ts";
import {
  connectionSecrets,
  credentials,
  emergencyIdentities,
  emergencyUses,
  grants,
  principals,
  resources,
} from "../../storage/schema.ts";
import { insert, remove, select, selectOne, update, type Work } from "../../storage/statement.ts";
import { read, type UnitContext, write } from "../../storage/unit.ts";
import { findAgent } from "../agents/store.ts";
import { type PrincipalRef, SCRAM_ITERATIONS } from "../principals/store.ts";
import { announce } from "./announce.ts";
import { findCode } from "./codes.ts";
import type { EmergencyIdentityRow } from "./identity-store.ts";

export type EmergencyUseRow = typeof emergencyUses.$inferSelect;

/** From the use on; it is not prolonged. */
export const EMERGENCY_MS = 3600 * 1000;
/** Somebody looks at each use within a day. */
const REVIEW_MS = 24 * 3600 * 1000;

export interface UseArgs {
  readonly name: string;
  readonly codeHash: string;
  readonly reason: string;
  /** Who they say they are. */
  readonly claimedName: string;
  readonly address: string;
  readonly secret: { readonly id: string; readonly storedKey: string; readonly serverKey: string };
  /** All of it, and then nothing. */
  readonly drill: boolean;
}

export type UseResult =
  | { readonly ok: false }
  | {
      readonly ok: true;
      readonly shortId: string;
      readonly username: string;
      readonly resource: string;
      readonly level: AccessLevel;
      readonly expiresAt: string;
      readonly codesLeft: number;
      /** What would keep a session from being opened now. */
      readonly problems: readonly string[];
    };

export const emergencyUnits = {
  /** What the verifier of the secret is made with; for a name that is not there, undefined. */
  terms: read(function* (_unit, args: { name: string }): Work<{ salt: string; iterations: number } | undefined> {
    const row = yield* selectOne(emergencyIdentities, eq(emergencyIdentities.name, args.name));
    const principal = row && (yield* selectOne(principals, eq(principals.id, row.principalId)));
    return principal && { salt: principal.scramSalt, iterations: principal.scramIterations };
  }),

  /** A code is worth one use. A refusal is a value, audited, and the same for a wrong name and a wrong code. */
  use: write(function* (unit, args: UseArgs): Work<UseResult> {
    const identity = yield* selectOne(emergencyIdentities, eq(emergencyIdentities.name, args.name));
    const index = findCode(identity?.codes ?? [], args.codeHash);
    if (identity === undefined || index < 0) {
      unit.audit({ type: "emergency.refused", data: { address: args.address, drill: args.drill } });
      return { ok: false };
    }
    const result = yield* openAccess(unit, args, identity, index);
    if (args.drill) unit.discard();
    return result;
  }),

  /** That it was tried, which the trying itself took back. */
  drilled: write(function* (unit, args: { name: string; address: string; problems: readonly string[] }): Work<void> {
    const { name, address, problems } = args;
    unit.audit({ type: "emergency.drilled", data: { name, address, problems: problems.join("; ") } });
    yield* announce(unit, {
      event: "emergency.started",
      refId: name,
      title: `DRILL: emergency identity ${name} was tried; no access was given`,
      facts: [{ name: "Found", value: problems.join("; ") || "all is well" }],
    });
  }),

  uses: read(function* (_unit, args: { open: boolean }): Work<EmergencyUseRow[]> {
    const where = args.open ? isNull(emergencyUses.reviewedAt) : undefined;
    return yield* select(emergencyUses, { where, orderBy: desc(emergencyUses.usedAt), limit: 500 });
  }),

  /** Before its hour is over; sessions end. */
  end: write(function* (unit, args: { by: PrincipalRef; id: string }): Work<EmergencyUseRow> {
    const row = yield* findUse(args.id);
    if (row.endedAt !== null) throw new TidewaiterError("conflict", `emergency ${row.shortId} has ended already`);
    return yield* endUse(unit, row, `ended by ${args.by.name}`);
  }),

  review: write(function* (unit, args: { by: PrincipalRef; id: string; comment: string }): Work<EmergencyUseRow> {
    const row = yield* findUse(args.id);
    if (row.reviewedAt !== null) throw new TidewaiterError("conflict", `emergency ${row.shortId} was reviewed already`);
    const person = yield* selectOne(principals, eq(principals.id, args.by.id));
    if (person?.kind !== "user") throw new TidewaiterError("permission_missing", "only a person reviews");
    if ([row.claimedName, row.principalId].some((own) => own === person.name || own === person.id)) {
      throw new TidewaiterError("permission_missing", "nobody reviews their own emergency");
    }
    const reviewed = { reviewedBy: person.name, reviewedAt: unit.now, reviewComment: args.comment };
    yield* update(emergencyUses, reviewed, eq(emergencyUses.id, row.id));
    told(unit, "reviewed", row, { by: person.name, comment: args.comment });
    return { ...row, ...reviewed };
  }),

  sweep: write(function* (unit): Work<void> {
    const over = and(isNull(emergencyUses.endedAt), lte(emergencyUses.expiresAt, unit.now));
    for (const row of yield* select(emergencyUses, { where: over })) yield* endUse(unit, row, "its hour is over");
    const late = and(
      isNull(emergencyUses.reviewedAt),
      isNull(emergencyUses.overdueAt),
      lte(emergencyUses.reviewDueAt, unit.now),
    );
    for (const row of yield* select(emergencyUses, { where: late })) {
      yield* update(emergencyUses, { overdueAt: unit.now }, eq(emergencyUses.id, row.id));
      told(unit, "overdue", row, {});
      yield* announce(unit, {
        event: "emergency.ended",
        refId: row.id,
        title: `Nobody has reviewed the emergency ${row.shortId} on ${row.resourceName} for a day`,
        facts: factsOf(row),
      });
    }
  }),
};

function* openAccess(unit: UnitContext, args: UseArgs, identity: EmergencyIdentityRow, index: number): Work<UseResult> {
  const { principalId, resourceId, level, name } = identity;
  const resource = yield* selectOne(resources, eq(resources.id, resourceId));
  const principal = yield* selectOne(principals, eq(principals.id, principalId));
  if (resource === undefined || principal === undefined) return { ok: false };
  const codes = identity.codes.filter((_, place) => place !== index);
  yield* update(emergencyIdentities, { codes }, eq(emergencyIdentities.id, identity.id));
  yield* update(principals, { disabled: false }, eq(principals.id, principalId));
  const at = (ms: number) => new Date(Date.parse(unit.now) + ms).toISOString();
  const expiresAt = at(EMERGENCY_MS);
  const shortId = newShortId(6);
  const grantId = newId("gnt");
  const to = { principalId, groupId: null, resourceId, selector: null, level };
  const grantName = `emergency-${shortId.toLowerCase()}`;
  yield* insert(grants, { id: grantId, name: grantName, ...to, expiresAt, requestId: null, createdAt: unit.now });
  yield* insertSecret(unit, args, { principalId, resourceId, expiresAt });
  const use: EmergencyUseRow = {
    id: newId("emu"),
    shortId,
    name,
    principalId,
    resourceName: resource.name,
    level,
    reason: args.reason,
    claimedName: args.claimedName,
    address: args.address,
    grantId,
    usedAt: unit.now,
    expiresAt,
    reviewDueAt: at(REVIEW_MS),
    endedAt: null,
    overdueAt: null,
    reviewedBy: null,
    reviewedAt: null,
    reviewComment: null,
  };
  yield* insert(emergencyUses, use);
  unit.changed("principal", principalId);
  unit.changed("grant", grantId);
  told(unit, "started", use, {
    reason: args.reason,
    claimedName: args.claimedName,
    address: args.address,
    until: expiresAt,
  });
  const title = `EMERGENCY: ${args.claimedName} opened ${resource.name} (${level}) with the identity ${name}, for one hour`;
  yield* announce(unit, { event: "emergency.started", refId: use.id, title, facts: factsOf(use) });
  const problems = yield* problemsOf(resource, level);
  return {
    ok: true,
    shortId,
    username: principal.name,
    resource: resource.name,
    level,
    expiresAt,
    codesLeft: codes.length,
    problems,
  };
}

function* insertSecret(
  unit: UnitContext,
  { secret }: UseArgs,
  to: { readonly principalId: string; readonly resourceId: string; readonly expiresAt: string },
): Work<void> {
  yield* insert(connectionSecrets, {
    ...secret,
    ...to,
    kind: "password",
    createdAt: unit.now,
    usesLeft: null,
    uses: 0,
    // Whoever holds a code from the safe is there; nobody could be asked for a passkey now.
    present: true,
  });
  unit.changed("secret", secret.id);
}

/** Found now, in a drill, and not in the night when it counts. */
function* problemsOf(resource: typeof resources.$inferSelect, level: AccessLevel): Work<string[]> {
  const ofLevel = and(eq(credentials.resourceId, resource.id), eq(credentials.level, level));
  const agent = yield* findAgent(resource.agent);
  return [
    ...((yield* selectOne(credentials, ofLevel)) === undefined ? [`no credential for ${level}`] : []),
    ...(agent?.online === true ? [] : [`its agent ${resource.agent} is not online`]),
  ];
}

function* endUse(unit: UnitContext, row: EmergencyUseRow, why: string): Work<EmergencyUseRow> {
  yield* remove(grants, eq(grants.id, row.grantId));
  // Made in the same unit of work as the use: the next one must not open to it as well.
  const its = and(eq(connectionSecrets.principalId, row.principalId), eq(connectionSecrets.createdAt, row.usedAt));
  const set = { revokedAt: unit.now, revokedReason: `the emergency ${row.shortId} is over: ${why}` };
  yield* update(connectionSecrets, set, and(its, isNull(connectionSecrets.revokedAt)));
  yield* update(emergencyUses, { endedAt: unit.now }, eq(emergencyUses.id, row.id));
  unit.changed("grant", row.grantId);
  const others = and(eq(emergencyUses.principalId, row.principalId), isNull(emergencyUses.endedAt));
  if ((yield* selectOne(emergencyUses, others)) === undefined) {
    yield* update(principals, { disabled: true }, eq(principals.id, row.principalId));
    unit.changed("principal", row.principalId);
  }
  told(unit, "ended", row, { why });
  const title = `The emergency ${row.shortId} on ${row.resourceName} is over (${why}); it is to be reviewed`;
  yield* announce(unit, { event: "emergency.ended", refId: row.id, title, facts: factsOf(row) });
  return { ...row, endedAt: unit.now };
}

function* findUse(id: string): Work<EmergencyUseRow> {
  const row =
    (yield* selectOne(emergencyUses, eq(emergencyUses.id, id))) ??
    (yield* selectOne(emergencyUses, eq(emergencyUses.shortId, id.toUpperCase())));
  if (row === undefined) throw new TidewaiterError("not_found", `there is no emergency ${id}`);
  return row;
}

function factsOf({ reason, claimedName, address, shortId, reviewDueAt }: EmergencyUseRow) {
  return [
    { name: "Why", value: reason },
    { name: "Who", value: `${claimedName} (as they say), from ${address}` },
    { name: "Review by", value: `${reviewDueAt}: tw emergency review ${shortId}` },
  ];
}

function told(unit: UnitContext, verb: string, row: EmergencyUseRow, data: Record<string, string>): void {
  unit.changed("emergency", row.id);
  const facts = { shortId: row.shortId, name: row.name, resource: row.resourceName, level: row.level, ...data };
  unit.audit({ type: `emergency.${verb}`, principalId: row.principalId, data: facts });
}

/** Verifiers for a name that is not there cost the same time. */
export const NO_TERMS = { salt: Buffer.alloc(16).toString("base64"), iterations: SCRAM_ITERATIONS };
