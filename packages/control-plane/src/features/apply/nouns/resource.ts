import { TidewaiterError } from "@tidewaiter/core/errors";
import { newId } from "@tidewaiter/core/ids";
import { ACCESS_LEVELS } from "@tidewaiter/core/resource";
import { eq } from "../../../storage/drizzle.ts";
import { credentials, resources } from "../../../storage/schema.ts";
import { select, selectOne, type Work } from "../../../storage/statement.ts";
import type { UnitContext } from "../../../storage/unit.ts";
import { replaceCredential } from "../../credentials/store.ts";
import type { PrincipalRef } from "../../principals/store.ts";
import { createResource, deleteResource, updateResource } from "../../resources/store.ts";
import { type AppliedChange, fieldChanges, outcome, type ResourceDocument, toJson } from "../documents.ts";

type Credentials = NonNullable<ResourceDocument["fields"]["credentials"]>;

export function* applyResource(unit: UnitContext, by: PrincipalRef, document: ResourceDocument): Work<AppliedChange> {
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
