import type { AccessLevel } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { eq } from "../../storage/drizzle.ts";
import { mandates } from "../../storage/schema.ts";
import { select, update, type Work } from "../../storage/statement.ts";
import { type UnitContext, write } from "../../storage/unit.ts";
import { protect } from "../change-requests/protect.ts";
import { privileged } from "../change-requests/weakens.ts";
import {
  findMandate,
  insertMandate,
  type MandateView,
  mandateViews,
  presentFor,
  resourceIdsOf,
} from "../mandates/store.ts";
import { loadPrincipals } from "../principals/membership.ts";
import { type PrincipalRef, requirePrincipal } from "../principals/store.ts";
import { requireMayManage, requirePermission } from "../roles/rights.ts";
import { takePresence } from "../secrets/presence.ts";

export interface NewApiKey {
  readonly id: string;
  readonly secretHash: string;
  readonly name: string;
  readonly principal: string;
  readonly permissions?: readonly string[] | undefined;
  /** Names of resources. */
  readonly resources?: readonly string[] | undefined;
  readonly level?: AccessLevel | undefined;
  readonly expiresAt: string;
  readonly signInId: string | undefined;
}

export interface RotateArgs {
  readonly by: PrincipalRef;
  /** Id or name of the key that is replaced. */
  readonly replaces: string;
  readonly id: string;
  readonly secretHash: string;
  readonly expiresAt: string;
  /** When the old one ends; it never lives longer by this. */
  readonly oldEndsAt: string;
  readonly signInId: string | undefined;
}

export const apiKeyUnits = {
  create: write(function* (unit, args: { by: PrincipalRef; key: NewApiKey }): Work<MandateView> {
    const { key, by } = args;
    const { id, secretHash, name, expiresAt } = key;
    const principal = yield* requirePrincipal(key.principal);
    if (principal.kind === "user") {
      throw new TidewaiterError("bad_request", "API keys are for services and AI agents; a person signs in");
    }
    yield* requireMayStandFor(by, principal.id);
    yield* protectKey(unit, { name, principalId: principal.id, expiresAt });
    const present = yield* presentFor(unit, key.signInId, key.resources);
    const resourceIds = yield* resourceIdsOf(key.resources);
    yield* insertMandate(unit, {
      id,
      type: "api_key",
      name,
      principalId: principal.id,
      ownerId: null,
      secretHash,
      permissions: key.permissions ?? null,
      resourceIds,
      level: key.level ?? null,
      sourceId: null,
      present,
      createdBy: by.name,
      expiresAt,
    });
    const data = {
      by: by.name,
      id,
      name,
      principal: principal.name,
      permissions: key.permissions?.join(" ") ?? null,
      resources: key.resources?.join(" ") ?? null,
      level: key.level ?? null,
      expiresAt,
    };
    unit.audit({ type: "api_key.created", principalId: by.id, data });
    return yield* viewOf(unit, id);
  }),

  /** A successor with the same scope; both are good until the old one ends. */
  rotate: write(function* (unit, args: RotateArgs): Work<MandateView> {
    const { by, id, secretHash, expiresAt, oldEndsAt } = args;
    const old = yield* findMandate(unit, { type: "api_key", id: args.replaces });
    if (old.revokedAt !== null || old.expiresAt <= unit.now) {
      throw new TidewaiterError("conflict", "only a live key can be rotated", { next: "tw api-keys add" });
    }
    yield* requireMayStandFor(by, old.principalId);
    yield* protectKey(unit, { name: old.name, principalId: old.principalId, expiresAt });
    if (old.present) yield* takePresence(unit, args.signInId, `rotating ${old.name}`);
    const { type, name, principalId, permissions, resourceIds, level, present } = old;
    const scope = { type, name, principalId, ownerId: null, permissions, resourceIds, level };
    yield* insertMandate(unit, { id, ...scope, sourceId: old.id, secretHash, present, createdBy: by.name, expiresAt });
    const endsAt = [oldEndsAt, old.expiresAt].sort()[0] ?? oldEndsAt;
    yield* update(mandates, { expiresAt: endsAt }, eq(mandates.id, old.id));
    unit.changed("mandate", old.id);
    const data = { by: by.name, id, name, replaces: old.id, oldEndsAt: endsAt, expiresAt };
    unit.audit({ type: "api_key.rotated", principalId: by.id, data });
    return yield* viewOf(unit, id);
  }),
};

/**
 * With a key one is that principal: it may do no more than whoever makes the key, unless that is an administrator; and one
 * reaches what it reaches, which is for who gives access.
 */
function* requireMayStandFor(by: PrincipalRef, principalId: string): Work<void> {
  yield* requirePermission(by, "grants.write");
  const known = (yield* loadPrincipals([principalId])).get(principalId);
  if (known !== undefined) yield* requireMayManage(by, known);
}

/** Whoever makes a key has it, and is that program from then on. */
function* protectKey(
  unit: UnitContext,
  key: { readonly name: string; readonly principalId: string; readonly expiresAt: string },
): Work<void> {
  const known = (yield* loadPrincipals([key.principalId])).get(key.principalId);
  const roles = privileged(known?.roles ?? []);
  if (known === undefined || roles.length === 0) return;
  const why = [`whoever makes it acts as ${known.row.name}, with the roles ${roles.join(", ")}`];
  const after = { principal: known.row.name, roles, expiresAt: key.expiresAt };
  protect(unit, { noun: "api_key", name: key.name }, why, { after });
}

function* viewOf(unit: UnitContext, id: string): Work<MandateView> {
  const [view] = yield* mandateViews(yield* select(mandates, { where: eq(mandates.id, id) }), unit.now);
  if (view === undefined) throw new TidewaiterError("internal", "an API key vanished while it was made");
  return view;
}
