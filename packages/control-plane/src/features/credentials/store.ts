import type { AccessLevel } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import type { DataKeyRow } from "../../seal/data-key.ts";
import { eraseDataKeyOf, insertDataKey } from "../../seal/store.ts";
import { and, eq } from "../../storage/drizzle.ts";
import { credentials, resources } from "../../storage/schema.ts";
import { insert, remove, selectOne, type Work } from "../../storage/statement.ts";
import { type UnitContext, write } from "../../storage/unit.ts";
import type { PrincipalRef } from "../principals/store.ts";
import { requireResource } from "../resources/store.ts";
import { requirePermission } from "../roles/rights.ts";

export type CredentialRow = typeof credentials.$inferSelect;

interface SetCredential {
  readonly by: PrincipalRef;
  readonly resource: string;
  readonly credential: Pick<CredentialRow, "id" | "level" | "type" | "username" | "sealed" | "reference">;
  readonly dataKey: DataKeyRow | undefined;
}

export const credentialUnits = {
  /** Replaces the level's credential. It gets a new id, so that sessions opened with the old one end. */
  set: write(function* (unit, args: SetCredential): Work<void> {
    yield* replaceCredential(unit, args);
  }),

  remove: write(function* (unit, args: { by: PrincipalRef; resource: string; level: AccessLevel }): Work<void> {
    const resource = yield* requireResource(args.resource);
    const removed = yield* dropCredential(resource.id, args.level);
    if (removed === undefined) {
      throw new TidewaiterError("not_found", `${resource.name} has no credential for level ${args.level}`);
    }
    unit.changed("credential", removed);
    const data = { by: args.by.name, resource: resource.name, level: args.level };
    unit.audit({ type: "credential.removed", principalId: args.by.id, resourceId: resource.id, data });
  }),
};

export function* replaceCredential(unit: UnitContext, args: SetCredential): Work<void> {
  const resource = yield* requireResource(args.resource);
  // With such a certificate one comes into every host that trusts the authority, which is more than this resource.
  if (args.credential.type === "ssh_certificate") yield* requirePermission(args.by, "credentials.write");
  yield* dropCredential(resource.id, args.credential.level);
  if (args.dataKey !== undefined) yield* insertDataKey(args.dataKey);
  yield* insert(credentials, { ...args.credential, resourceId: resource.id, createdAt: unit.now });
  const { id, level, type, username, reference } = args.credential;
  unit.changed("credential", id);
  const data = { by: args.by.name, resource: resource.name, level, type, username, reference };
  unit.audit({ type: "credential.set", principalId: args.by.id, resourceId: resource.id, data });
}

function* dropCredential(resourceId: string, level: AccessLevel): Work<string | undefined> {
  const where = and(eq(credentials.resourceId, resourceId), eq(credentials.level, level));
  const known = yield* selectOne(credentials, where);
  if (known === undefined) return undefined;
  yield* eraseDataKeyOf(known.sealed);
  yield* remove(credentials, where);
  return known.id;
}

/** The row and its resource, for a live session. */
export function* findCredential(id: string): Work<CredentialRow | undefined> {
  const row = yield* selectOne(credentials, eq(credentials.id, id));
  if (row === undefined) return undefined;
  const resource = yield* selectOne(resources, eq(resources.id, row.resourceId));
  return resource === undefined ? undefined : row;
}
