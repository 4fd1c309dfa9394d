import { TidewaiterError } from "@tidewaiter/core/errors";
import { newId } from "@tidewaiter/core/ids";
import { ACCESS_LEVELS } from "@tidewaiter/core/resource";
import { eq } from "../../storage/drizzle.ts";
import {
  accessRules,
  credentials,
  grants,
  groups,
  identityProviders,
  notificationChannels,
  principals,
  resources,
  roles,
} from "../../storage/schema.ts";
import { select, selectOne, update, type Work } from "../../storage/statement.ts";
import { type UnitContext, write } from "../../storage/unit.ts";
import { deleteAccessRule, putAccessRule } from "../access-requests/rule-store.ts";
import { twoPersonOn } from "../change-requests/two-person.ts";
import type { Weakening } from "../change-requests/weakening.ts";
import { replaceCredential } from "../credentials/store.ts";
import { deleteFederation, listFederations, putFederation } from "../federation/store.ts";
import { createGrant, deleteGrant, grantTarget, listGrants, protectGrant } from "../grants/store.ts";
import { deleteGroup, listGroups, putGroup } from "../groups/store.ts";
import { deleteProvider, putProvider } from "../identity-providers/store.ts";
import { putChannel, removeChannel } from "../notifications/store.ts";
import { currentPolicyVersion, documentsOf, putPolicy } from "../policies/store.ts";
import { createPrincipal, deletePrincipal, type PrincipalRef, updatePrincipal } from "../principals/store.ts";
import { createResource, deleteResource, updateResource } from "../resources/store.ts";
import { requirePermission } from "../roles/rights.ts";
import { deleteRole, putRole } from "../roles/store.ts";
import {
  type AccessRuleDocument,
  type AppliedChange,
  type AppliedDocument,
  type FederationDocument,
  type FieldChange,
  fieldChanges,
  type GrantDocument,
  type GroupDocument,
  type IdentityProviderDocument,
  NOUNS,
  type NotificationChannelDocument,
  type PolicyFile,
  type PrincipalDocument,
  type ResourceDocument,
  type RoleDocument,
  toJson,
} from "./documents.ts";

export interface ApplyArgs {
  readonly by: PrincipalRef;
  readonly documents: readonly AppliedDocument[];
  readonly dryRun: boolean;
  /** The policy version that the merged bundle was compiled from. */
  readonly policyBasedOn: number;
}

export interface ApplyResult {
  readonly changes: readonly AppliedChange[];
  readonly policyVersion: number;
  readonly applied: boolean;
  /** Of a dry run, where two people are needed: why this would wait for the second. */
  readonly waitsFor: readonly string[];
}

export const applyUnits = {
  /** All documents or none. A dry run does the whole work and takes it back, so that it finds what the real one would. */
  run: write(function* (unit, args: ApplyArgs): Work<ApplyResult> {
    const changes: AppliedChange[] = [];
    if (args.documents.some((document) => document.noun === "policy"))
      yield* requirePermission(args.by, "config.apply");
    for (const document of inOrder(args.documents)) {
      if (document.noun !== "policy") changes.push(yield* applyOne(unit, args.by, document));
    }
    const files = args.documents.filter((document) => document.noun === "policy");
    changes.push(...(yield* applyPolicies(unit, args, files)));
    const waitsFor = args.dryRun && (yield* twoPersonOn()) ? unit.weakenings().map(toWords) : [];
    if (args.dryRun) unit.discard();
    const policyVersion = yield* currentPolicyVersion();
    return {
      changes,
      policyVersion: args.dryRun ? args.policyBasedOn : policyVersion,
      applied: !args.dryRun,
      waitsFor,
    };
  }),
};

function toWords({ noun, name, why }: Weakening): string {
  return `${noun} ${name}: ${why.join("; ")}`;
}

function inOrder(documents: readonly AppliedDocument[]): AppliedDocument[] {
  const rank = (document: AppliedDocument) => {
    const place = NOUNS.indexOf(document.noun);
    return document.state === "present" ? place : 2 * NOUNS.length - place;
  };
  return [...documents].sort((a, b) => rank(a) - rank(b));
}

type StoredDocument = Exclude<AppliedDocument, PolicyFile>;

function* applyOne(unit: UnitContext, by: PrincipalRef, document: StoredDocument): Work<AppliedChange> {
  try {
    return yield* dispatch(unit, by, document);
  } catch (error) {
    if (!(error instanceof TidewaiterError) || error.code === "storage_unavailable") throw error;
    const options = error.next === undefined ? {} : { next: error.next };
    throw new TidewaiterError(
      error.code,
      `${document.at}: ${document.noun} ${document.name}: ${error.detail}`,
      options,
    );
  }
}

/** Applying gives nobody more than the routes of each noun do. */
function* dispatch(unit: UnitContext, by: PrincipalRef, document: StoredDocument): Work<AppliedChange> {
  switch (document.noun) {
    case "role":
      yield* requirePermission(by, "roles.write");
      return yield* applyRole(unit, by, document);
    case "identity_provider":
      yield* requirePermission(by, "identity_providers.write");
      return yield* applyProvider(unit, by, document);
    case "access_rule":
      yield* requirePermission(by, "access_rules.write");
      return yield* applyAccessRule(unit, by, document);
    case "federation":
      yield* requirePermission(by, "federations.write");
      return yield* applyFederation(unit, by, document);
    case "notification_channel":
      yield* requirePermission(by, "notifications.write");
      return yield* applyChannel(unit, by, document);
    case "principal":
      yield* requirePermission(by, "principals.write");
      return yield* applyPrincipal(unit, by, document);
    case "group":
      yield* requirePermission(by, "groups.write");
      return yield* applyGroup(unit, by, document);
    case "resource":
      yield* requirePermission(by, "resources.write");
      return yield* applyResource(unit, by, document);
    case "grant":
      yield* requirePermission(by, "grants.write");
      return yield* applyGrant(unit, by, document);
  }
}

function outcome(
  { noun, name }: AppliedDocument,
  action: AppliedChange["action"],
  diff: readonly FieldChange[] = [],
): AppliedChange {
  return { noun, name, action, diff };
}

function* applyFederation(unit: UnitContext, by: PrincipalRef, document: FederationDocument): Work<AppliedChange> {
  const { name, fields } = document;
  const before = (yield* listFederations()).find((known) => known.name === name);
  if (document.state === "absent") {
    if (before === undefined) return outcome(document, "none");
    yield* deleteFederation(unit, { by, name });
    return outcome(document, "delete");
  }
  const { when = null, jwks = null, permissions = null, resources: only, level = null, ...others } = fields;
  const wanted = { ...others, when, jwks, permissions, resources: only === undefined ? null : [...only].sort(), level };
  const diff = fieldChanges({ ...before }, wanted);
  if (before !== undefined && diff.length === 0) return outcome(document, "none");
  const action = yield* putFederation(unit, { by, federation: { name, ...fields } });
  return outcome(document, action, diff);
}

function* applyRole(unit: UnitContext, by: PrincipalRef, document: RoleDocument): Work<AppliedChange> {
  const { name, fields } = document;
  const row = yield* selectOne(roles, eq(roles.name, name));
  if (document.state === "absent") {
    if (row === undefined) return outcome(document, "none");
    yield* deleteRole(unit, { by, name });
    return outcome(document, "delete");
  }
  const { description, permissions, scope } = fields;
  const diff = fieldChanges({ ...row }, { description, permissions: [...new Set(permissions)].sort(), scope });
  if (row !== undefined && diff.length === 0) return outcome(document, "none");
  yield* putRole(unit, { by, role: { name, ...fields } });
  return outcome(document, row === undefined ? "create" : "update", diff);
}

/** Replaced whole: what the document leaves out has its default again. */
function* applyProvider(unit: UnitContext, by: PrincipalRef, document: IdentityProviderDocument): Work<AppliedChange> {
  const { name, fields } = document;
  const row = yield* selectOne(identityProviders, eq(identityProviders.name, name));
  if (document.state === "absent") {
    if (row === undefined) return outcome(document, "none");
    yield* deleteProvider(unit, { by, name });
    return outcome(document, "delete");
  }
  const left = Object.keys(row?.settings ?? {}).filter((field) => !Object.hasOwn(fields, field));
  const diff = fieldChanges(
    { ...row?.settings },
    { ...Object.fromEntries(left.map((field) => [field, null])), ...fields },
  );
  if (row !== undefined && diff.length === 0) return outcome(document, "none");
  yield* putProvider(unit, { by, name, settings: fields });
  return outcome(document, row === undefined ? "create" : "update", diff);
}

function* applyAccessRule(unit: UnitContext, by: PrincipalRef, document: AccessRuleDocument): Work<AppliedChange> {
  const { name, fields } = document;
  const row = yield* selectOne(accessRules, eq(accessRules.name, name));
  if (document.state === "absent") {
    if (row === undefined) return outcome(document, "none");
    yield* deleteAccessRule(unit, { by, name });
    return outcome(document, "delete");
  }
  const diff = fieldChanges({ ...row?.rule }, { ...NO_RULE_FIELDS, ...fields });
  if (row !== undefined && diff.length === 0) return outcome(document, "none");
  yield* putAccessRule(unit, { by, name, rule: fields });
  return outcome(document, row === undefined ? "create" : "update", diff);
}

/** A rule is replaced whole: what the document leaves out is not there any more. */
const NO_RULE_FIELDS = { resources: null, tags: null };

/** As a rule, a channel is replaced whole. */
function* applyChannel(
  unit: UnitContext,
  by: PrincipalRef,
  document: NotificationChannelDocument,
): Work<AppliedChange> {
  const { name, fields } = document;
  const row = yield* selectOne(notificationChannels, eq(notificationChannels.name, name));
  if (document.state === "absent") {
    if (row === undefined) return outcome(document, "none");
    yield* removeChannel(unit, { by, name });
    return outcome(document, "delete");
  }
  const gone = Object.fromEntries(Object.keys(row?.settings ?? {}).map((field) => [field, null]));
  const diff = fieldChanges({ ...row?.settings }, { ...gone, ...fields.settings });
  if (row !== undefined && diff.length === 0) return outcome(document, "none");
  yield* putChannel(unit, { by, name, settings: fields.settings });
  return outcome(document, row === undefined ? "create" : "update", diff);
}

function* applyPrincipal(unit: UnitContext, by: PrincipalRef, document: PrincipalDocument): Work<AppliedChange> {
  const { name, fields } = document;
  const row = yield* selectOne(principals, eq(principals.name, name));
  if (document.state === "absent") {
    if (row === undefined) return outcome(document, "none");
    yield* deletePrincipal(unit, { by, name });
    return outcome(document, "delete");
  }
  if (row === undefined) {
    const { kind, roles = ["user"], disabled = false, onBehalfOf, attributes = {} } = fields;
    const owner = onBehalfOf === undefined || onBehalfOf === null ? {} : { onBehalfOf };
    yield* createPrincipal(unit, { by, principal: { name, kind, roles, disabled, attributes, ...owner } });
    return outcome(document, "create", fieldChanges({}, { ...fields, roles }));
  }
  if (row.kind !== fields.kind)
    throw new TidewaiterError("conflict", `it is a ${row.kind}; the kind cannot be changed`);
  const owner = row.ownerId === null ? undefined : yield* selectOne(principals, eq(principals.id, row.ownerId));
  const before = {
    kind: row.kind,
    roles: row.roles,
    disabled: row.disabled,
    onBehalfOf: owner?.name,
    attributes: row.attributes,
  };
  const diff = fieldChanges(before, fields);
  // `null` is a wish too: to act for nobody any more.
  const cleared = fields.onBehalfOf === null && row.ownerId !== null;
  if (diff.length === 0 && !cleared) return outcome(document, "none");
  const { roles, disabled, onBehalfOf, attributes } = fields;
  yield* updatePrincipal(unit, { by, name, patch: { roles, disabled, onBehalfOf, attributes } });
  return outcome(document, "update", diff);
}

function* applyGroup(unit: UnitContext, by: PrincipalRef, document: GroupDocument): Work<AppliedChange> {
  const { name, fields } = document;
  const row = yield* selectOne(groups, eq(groups.name, name));
  if (document.state === "absent") {
    if (row === undefined) return outcome(document, "none");
    yield* deleteGroup(unit, { by, name });
    return outcome(document, "delete");
  }
  const before = row && (yield* listGroups()).find((group) => group.name === name);
  const wanted = { ...fields, members: fields.members && [...new Set(fields.members)].sort() };
  const diff = fieldChanges({ ...before }, wanted);
  if (row !== undefined && diff.length === 0) return outcome(document, "none");
  yield* putGroup(unit, { by, group: { name, ...fields } });
  return outcome(document, row === undefined ? "create" : "update", diff);
}

type Credentials = NonNullable<ResourceDocument["fields"]["credentials"]>;

function* applyResource(unit: UnitContext, by: PrincipalRef, document: ResourceDocument): Work<AppliedChange> {
  const { name, fields } = document;
  const row = yield* selectOne(resources, eq(resources.name, name));
  if (document.state === "absent") {
    if (row === undefined) return outcome(document, "none");
    yield* deleteResource(unit, { by, name });
    return outcome(document, "delete");
  }
  const { tags = row?.tags ?? {}, enforce = row?.enforce ?? "on", secrets = row?.secrets ?? null } = fields;
  const { credentials: wanted = {}, ...rest } = fields;
  const resource = { name, ...rest, tags, enforce, secrets };
  const diff = fieldChanges({ ...row }, { ...resource, name: undefined });
  if (row !== undefined && row.protocol !== fields.protocol) yield* requireNoOtherCredentials(row, wanted);
  const replaced = yield* changedReferences(row?.id, wanted);
  if (row !== undefined && diff.length === 0 && replaced.length === 0) return outcome(document, "none");
  if (row === undefined) yield* createResource(unit, { by, resource });
  else if (diff.length > 0) yield* updateResource(unit, { by, resource });
  for (const { level, type, username = "", reference } of replaced) {
    const credential = { id: newId("crd"), level, type, username, sealed: null, reference };
    yield* replaceCredential(unit, { by, resource: name, credential, dataKey: undefined });
  }
  diff.push(
    ...replaced.map(({ level, before, ...after }) => ({
      field: `credentials.${level}`,
      before: toJson(before),
      after: toJson(after),
    })),
  );
  return outcome(document, row === undefined ? "create" : "update", diff);
}

/** What is sealed for one protocol is not shown to the servers of another. */
function* requireNoOtherCredentials(row: typeof resources.$inferSelect, wanted: Credentials): Work<void> {
  const known = yield* select(credentials, { where: eq(credentials.resourceId, row.id) });
  const kept = known.find(({ level }) => wanted[level] === undefined);
  if (kept === undefined) return;
  const detail = `its credential of level ${kept.level} is for ${row.protocol}: set that level here too`;
  throw new TidewaiterError("conflict", detail);
}

/** Those of the wanted credentials that are not so yet; setting one anew would end sessions for nothing. */
function* changedReferences(resourceId: string | undefined, wanted: Credentials) {
  const known =
    resourceId === undefined ? [] : yield* select(credentials, { where: eq(credentials.resourceId, resourceId) });
  return ACCESS_LEVELS.flatMap((level) => {
    const credential = wanted[level];
    if (credential === undefined) return [];
    const { type, username } = credential;
    const reference = "reference" in credential ? credential.reference : null;
    const row = known.find((credential) => credential.level === level);
    const same = row?.type === type && row.username === (username ?? "") && row.reference === reference;
    const before = row && { type: row.type, username: row.username || undefined, reference: row.reference ?? "sealed" };
    return same ? [] : [{ level, type, username, reference, before }];
  });
}

function* applyGrant(unit: UnitContext, by: PrincipalRef, document: GrantDocument): Work<AppliedChange> {
  const { name, fields } = document;
  const row = yield* selectOne(grants, eq(grants.name, name));
  if (document.state === "absent") {
    if (row === undefined) return outcome(document, "none");
    yield* deleteGrant(unit, { by, id: row.id });
    return outcome(document, "delete");
  }
  const { expiresAt, level, principal, group, resource, tags } = fields;
  const wanted = { principal: principal ?? null, group: group ?? null, resource: resource ?? null, tags: tags ?? null };
  const before = row && (yield* listGrants()).find((grant) => grant.id === row.id);
  const diff = fieldChanges({ ...before }, { ...wanted, level, expiresAt: expiresAt ?? before?.expiresAt ?? null });
  if (row !== undefined && diff.length === 0) return outcome(document, "none");
  if (row === undefined) yield* createGrant(unit, { by, grant: { name, ...fields } });
  else {
    const set = yield* grantTarget({ ...fields, expiresAt: expiresAt ?? row.expiresAt ?? undefined });
    yield* protectGrant(unit, by, name, { before: row, after: set });
    yield* update(grants, set, eq(grants.id, row.id));
    unit.changed("grant", row.id);
    unit.audit({ type: "grant.updated", principalId: by.id, data: { by: by.name, name, level } });
  }
  return outcome(document, row === undefined ? "create" : "update", diff);
}

function* applyPolicies(unit: UnitContext, args: ApplyArgs, files: readonly PolicyFile[]): Work<AppliedChange[]> {
  if (files.length === 0) return [];
  const current = new Map((yield* documentsOf(args.policyBasedOn)).map(({ name, source }) => [name, source]));
  const changes = files.map((file): AppliedChange => {
    const before = current.get(file.name);
    const after = file.state === "absent" ? undefined : file.fields.source;
    if (before === after) return outcome(file, "none");
    const diff = [{ field: "source", before: toJson(before), after: toJson(after) }];
    return outcome(file, before === undefined ? "create" : after === undefined ? "delete" : "update", diff);
  });
  if (changes.every((change) => change.action === "none")) return changes;
  const documents = mergePolicies(
    [...current].map(([name, source]) => ({ name, source })),
    files,
  );
  yield* putPolicy(unit, { by: args.by, basedOn: args.policyBasedOn, documents });
  return changes;
}

/** The bundle in force with the given files put in or taken out, by name. */
export function mergePolicies(
  current: readonly { readonly name: string; readonly source: string }[],
  files: readonly PolicyFile[],
): { name: string; source: string }[] {
  const merged = new Map(current.map(({ name, source }) => [name, source]));
  for (const file of files) {
    if (file.state === "absent") merged.delete(file.name);
    else merged.set(file.name, file.fields.source);
  }
  return [...merged].map(([name, source]) => ({ name, source })).sort((a, b) => (a.name < b.name ? -1 : 1));
}
