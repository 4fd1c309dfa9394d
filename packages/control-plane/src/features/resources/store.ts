import { isDeepStrictEqual } from "node:util";
import type { Enforcement, Resource, SecretRules } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { newId } from "@tidewaiter/core/ids";
import { eraseDataKeyOf } from "../../seal/store.ts";
import { asc, eq } from "../../storage/drizzle.ts";
import { credentials, resources } from "../../storage/schema.ts";
import { insert, remove, select, selectOne, update, type Work } from "../../storage/statement.ts";
import { read, type UnitContext, write } from "../../storage/unit.ts";
import { protect } from "../change-requests/protect.ts";
import { type ResourceState, resourceWeakens } from "../change-requests/weakens.ts";
import { removeLabelBindings } from "../labels/remove-bindings.ts";
import type { PrincipalRef } from "../principals/store.ts";
import { requirePermission } from "../roles/rights.ts";

export type ResourceRow = typeof resources.$inferSelect;

/** `address` is what the protocol's target schema made of `target`. */
export interface ResourceInput {
  readonly name: string;
  readonly protocol: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly target: unknown;
  readonly address: string;
  readonly agent: string;
  readonly enforce: Enforcement;
  readonly secrets: SecretRules | null;
  /** How long sessions outlive an identity provider that cannot be asked, in seconds. Null: 8 h. */
  readonly identityGraceSeconds?: number | null | undefined;
}

export interface ResourceView extends Omit<ResourceRow, "createdAt"> {
  /** Which levels have a credential, and the target role of each; never the secret. */
  readonly credentials: readonly Pick<typeof credentials.$inferSelect, "level" | "type" | "username" | "reference">[];
}

export const resourceUnits = {
  list: read(function* (): Work<ResourceView[]> {
    const rows = yield* select(resources, { orderBy: asc(resources.name) });
    const known = yield* select(credentials);
    return rows.map((row) => resourceView(row, known));
  }),

  get: read(function* (_unit, args: { name: string }): Work<ResourceView> {
    return yield* getView(args.name);
  }),

  /** Undefined when there is no such resource. */
  tagsOf: read(function* (_unit, args: { name: string }): Work<ResourceRow["tags"] | undefined> {
    return (yield* selectOne(resources, eq(resources.name, args.name)))?.tags;
  }),

  create: write(function* (unit, args: { by: PrincipalRef; resource: ResourceInput }): Work<ResourceView> {
    yield* createResource(unit, args);
    return yield* getView(args.resource.name);
  }),

  update: write(function* (unit, args: { by: PrincipalRef; resource: ResourceInput }): Work<ResourceView> {
    yield* updateResource(unit, args);
    return yield* getView(args.resource.name);
  }),

  delete: write(function* (unit, args: { by: PrincipalRef; name: string }): Work<void> {
    yield* deleteResource(unit, args);
  }),
};

export function* createResource(unit: UnitContext, args: { by: PrincipalRef; resource: ResourceInput }): Work<void> {
  const id = newId("res");
  const { name } = args.resource;
  const after = stateOf(args.resource);
  protect(unit, { noun: "resource", name }, resourceWeakens(undefined, after), { after });
  yield* insert(resources, { id, ...args.resource, createdAt: unit.now });
  told(unit, "resource.created", id, args);
}

export function* updateResource(unit: UnitContext, args: { by: PrincipalRef; resource: ResourceInput }): Work<void> {
  const row = yield* requireResource(args.resource.name);
  const { name, ...set } = args.resource;
  // All of the target: without TLS, or with another authority, it is another one.
  if (!isDeepStrictEqual(set.target, row.target) || set.agent !== row.agent) yield* requireMayRedirect(args.by, row);
  const change = { before: stateOf(row), after: stateOf({ ...row, ...set }) };
  protect(unit, { noun: "resource", name }, resourceWeakens(change.before, change.after), change);
  yield* update(resources, set, eq(resources.id, row.id));
  told(unit, "resource.updated", row.id, args);
}

/**
 * What is sealed for a target is given to whatever stands at its address: to move it takes the right to the credentials,
 * and to those of all resources where certificates are made that every host takes.
 */
function* requireMayRedirect(by: PrincipalRef, row: ResourceRow): Work<void> {
  const own = yield* select(credentials, { where: eq(credentials.resourceId, row.id) });
  if (own.length === 0) return;
  const everywhere = own.some(({ type }) => type === "ssh_certificate");
  yield* requirePermission(by, "credentials.write", everywhere ? undefined : row.tags);
}

function stateOf(resource: ResourceState): ResourceState {
  const { enforce, address, target, agent, tags, secrets } = resource;
  return { enforce, address, target, agent, tags, secrets };
}

export function* deleteResource(unit: UnitContext, args: { by: PrincipalRef; name: string }): Work<void> {
  const row = yield* requireResource(args.name);
  const sealed = yield* select(credentials, { where: eq(credentials.resourceId, row.id) });
  for (const credential of sealed) yield* eraseDataKeyOf(credential.sealed);
  yield* removeLabelBindings(row.id);
  yield* remove(resources, eq(resources.id, row.id));
  unit.changed("resource", row.id);
  const data = { by: args.by.name, name: row.name };
  unit.audit({ type: "resource.deleted", principalId: args.by.id, resourceId: row.id, data });
}

function told(unit: UnitContext, type: string, id: string, args: { by: PrincipalRef; resource: ResourceInput }): void {
  const { name, protocol, address, agent, enforce } = args.resource;
  unit.changed("resource", id);
  const secrets = JSON.stringify(args.resource.secrets ?? {});
  const data = { by: args.by.name, name, protocol, address, agent, enforce, secrets };
  unit.audit({ type, principalId: args.by.id, resourceId: id, data });
}

export function* requireResource(name: string): Work<ResourceRow> {
  const row = yield* selectOne(resources, eq(resources.name, name));
  if (row === undefined) throw new TidewaiterError("not_found", `there is no resource ${name}`);
  return row;
}

function* getView(name: string): Work<ResourceView> {
  const row = yield* requireResource(name);
  return resourceView(row, yield* select(credentials, { where: eq(credentials.resourceId, row.id) }));
}

function resourceView(row: ResourceRow, known: readonly (typeof credentials.$inferSelect)[]): ResourceView {
  const { createdAt: _, ...shown } = row;
  const own = known.filter((credential) => credential.resourceId === row.id);
  return {
    ...shown,
    credentials: own.map(({ level, type, username, reference }) => ({ level, type, username, reference })),
  };
}

export function toResource(row: ResourceRow): Resource {
  const { id, name, protocol, tags, target, agent, enforce } = row;
  return { id, name, protocol, tags, target, agent, enforce };
}
