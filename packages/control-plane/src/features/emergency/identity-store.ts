import type { AccessLevel } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { newId } from "@tidewaiter/core/ids";
import { asc, eq } from "../../storage/drizzle.ts";
import { emergencyIdentities, emergencyUses, principals, resources } from "../../storage/schema.ts";
import { insert, remove, select, selectOne, update, type Work } from "../../storage/statement.ts";
import { read, type UnitContext, write } from "../../storage/unit.ts";
import { protect } from "../change-requests/protect.ts";
import { createPrincipal, type PrincipalRef, requirePrincipal } from "../principals/store.ts";
import { requireResource } from "../resources/store.ts";
import { requirePermission } from "../roles/rights.ts";

export type EmergencyIdentityRow = typeof emergencyIdentities.$inferSelect;

export interface EmergencyIdentityView {
  readonly name: string;
  /** Whom sessions name. */
  readonly principal: string;
  readonly resource: string;
  readonly level: AccessLevel;
  readonly codesLeft: number;
  readonly createdBy: string;
  readonly createdAt: string;
}

interface NewIdentity {
  readonly by: PrincipalRef;
  readonly name: string;
  readonly resource: string;
  readonly level: AccessLevel;
}

/** Made before they are needed: who may reach one resource when nobody can be asked. */
export const emergencyIdentityUnits = {
  list: read(function* (): Work<EmergencyIdentityView[]> {
    const rows = yield* select(emergencyIdentities, { orderBy: asc(emergencyIdentities.name) });
    const named = yield* select(resources);
    return rows.map(({ name, resourceId, level, codes, createdBy, createdAt }) => {
      const resource = named.find((row) => row.id === resourceId)?.name ?? "";
      return { name, principal: principalNameOf(name), resource, level, codesLeft: codes.length, createdBy, createdAt };
    });
  }),

  /** Without codes: where two people are needed, it is made when both have agreed, and nobody sees codes before. */
  create: write(function* (unit, args: NewIdentity): Work<void> {
    yield* createIdentity(unit, args);
  }),

  /** New codes; the old ones open nothing any more. */
  setCodes: write(function* (unit, args: { by: PrincipalRef; name: string; hashes: readonly string[] }): Work<void> {
    const row = yield* requireIdentity(args.name);
    const resource = yield* selectOne(resources, eq(resources.id, row.resourceId));
    yield* requirePermission(args.by, "grants.write", resource?.tags);
    yield* protectCodes(unit, row);
    yield* update(emergencyIdentities, { codes: args.hashes }, eq(emergencyIdentities.id, row.id));
    unit.changed("emergency", row.id);
    const data = { by: args.by.name, name: row.name, codes: args.hashes.length };
    unit.audit({ type: "emergency.codes_made", principalId: args.by.id, resourceId: row.resourceId, data });
  }),

  delete: write(function* (unit, args: { by: PrincipalRef; name: string }): Work<void> {
    const row = yield* requireIdentity(args.name);
    yield* remove(principals, eq(principals.id, row.principalId));
    unit.changed("principal", row.principalId);
    unit.changed("emergency", row.id);
    unit.audit({ type: "emergency.deleted", principalId: args.by.id, data: { by: args.by.name, name: row.name } });
  }),
};

function* createIdentity(unit: UnitContext, { by, name, resource, level }: NewIdentity): Work<void> {
  const known = yield* selectOne(emergencyIdentities, eq(emergencyIdentities.name, name));
  if (known !== undefined) throw new TidewaiterError("conflict", `there is an emergency identity ${name} already`);
  const { id: resourceId, tags } = yield* requireResource(resource);
  // Whoever makes it sees its codes: that is access.
  yield* requirePermission(by, "grants.write", tags);
  const principal = principalNameOf(name);
  const off = { kind: "user", roles: ["user"], disabled: true } as const;
  yield* createPrincipal(unit, { by, principal: { name: principal, ...off } });
  const { id: principalId } = yield* requirePrincipal(principal);
  const why = [`whoever holds a code reaches ${resource} at ${level} for an hour, and nobody is asked`];
  protect(unit, { noun: "emergency", name }, why, { after: { resource, level } });
  const id = newId("emi");
  const row = { id, name, principalId, resourceId, level, codes: [], createdBy: by.name, createdAt: unit.now };
  yield* insert(emergencyIdentities, row);
  unit.changed("emergency", id);
  const data = { by: by.name, name, resource, level };
  unit.audit({ type: "emergency.created", principalId: by.id, resourceId, data });
}

/** The first codes belong to the identity that two people agreed on; later ones may be for somebody else. */
function* protectCodes(unit: UnitContext, row: EmergencyIdentityRow): Work<void> {
  const used = yield* selectOne(emergencyUses, eq(emergencyUses.principalId, row.principalId));
  if (row.codes.length === 0 && used === undefined) return;
  const why = ["whoever makes new codes holds them, and the old ones open nothing any more"];
  protect(unit, { noun: "emergency", name: row.name }, why, {});
}

export function* requireIdentity(name: string): Work<EmergencyIdentityRow> {
  const row = yield* selectOne(emergencyIdentities, eq(emergencyIdentities.name, name));
  if (row === undefined) throw new TidewaiterError("not_found", `there is no emergency identity ${name}`);
  return row;
}

/** A principal of its own, which is disabled but for the hour. */
export function principalNameOf(name: string): string {
  return `emergency-${name}`;
}
