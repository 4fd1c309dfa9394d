import type { ReachableRequest, ReachableResources } from "@tidewaiter/core";
import { ACCESS_LEVELS, levelAtLeast } from "@tidewaiter/core/resource";
import { asc, eq } from "../../storage/drizzle.ts";
import { credentials, grants, resources } from "../../storage/schema.ts";
import { select, type Work } from "../../storage/statement.ts";
import { highestAccess } from "../grants/access.ts";
import { loadActing } from "../mandates/acting.ts";
import { mandateOf, secretOf } from "./authorize.ts";

/** What fits on a screen that is searched; a client with more has to name the resource. */
const MAX_LISTED = 500;
const NOTHING: ReachableResources = { resources: [], more: false };

/** By the same rules as `openSession`, as far as they do not depend on the moment (agents come and go). */
export function* findReachable(request: ReachableRequest, now: string): Work<ReachableResources> {
  const secret = yield* secretOf(request);
  if (request.secretId !== undefined && (secret === undefined || secret.revokedAt !== null || secret.expiresAt <= now))
    return NOTHING;
  const mandateId = (yield* mandateOf(request)) ?? null;
  const [acting] = yield* loadActing([{ principalId: request.principalId, mandateId }], now);
  const principal = acting?.known;
  if (principal === undefined || acting?.problem !== undefined) return NOTHING;
  const all = yield* select(grants);
  const known = yield* select(credentials);
  const rows = yield* select(resources, {
    where: eq(resources.protocol, request.protocol),
    orderBy: asc(resources.name),
  });
  const found = rows.flatMap((resource) => {
    if (secret !== undefined && secret.resourceId !== null && secret.resourceId !== resource.id) return [];
    const most = highestAccess({ grants: all, principal, resource, now });
    if (most === undefined) return [];
    const own = known.filter(({ resourceId }) => resourceId === resource.id).map(({ level }) => level);
    const levels = ACCESS_LEVELS.filter((level) => own.includes(level) && levelAtLeast(most, level));
    return levels.length === 0 ? [] : [{ name: resource.name, tags: resource.tags, levels }];
  });
  return { resources: found.slice(0, MAX_LISTED), more: found.length > MAX_LISTED };
}
