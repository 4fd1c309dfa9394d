import { ACCESS_LEVELS, type AccessLevel, levelAtLeast } from "@tidewaiter/core/resource";
import type { KnownPrincipal } from "../principals/membership.ts";
import type { ResourceRow } from "../resources/store.ts";
import type { GrantRow } from "./store.ts";

/** Does the grant give this principal anything on this resource now? Pure; the only place that reads a grant's meaning. */
export function grantApplies(grant: GrantRow, known: KnownPrincipal, resource: ResourceRow, now: string): boolean {
  if (grant.expiresAt !== null && grant.expiresAt <= now) return false;
  const theirs =
    (grant.principalId !== null && grant.principalId === known.row.id) ||
    (grant.groupId !== null && known.groupIds.includes(grant.groupId));
  return theirs && selects(grant, resource);
}

/** An empty selector selects nothing: a grant on everything has to be written out tag by tag. */
function selects(grant: GrantRow, resource: ResourceRow): boolean {
  if (grant.resourceId !== null) return grant.resourceId === resource.id;
  const wanted = Object.entries(grant.selector ?? {});
  return wanted.length > 0 && wanted.every(([tag, value]) => resource.tags[tag] === value);
}

export interface Access {
  readonly grant: GrantRow;
  readonly level: AccessLevel;
}

export type AccessResult =
  | { readonly ok: true; readonly access: Access }
  | { readonly ok: false; readonly reason: "no_grant" | "level_not_granted" };

export interface AccessQuestion {
  readonly grants: readonly GrantRow[];
  readonly principal: KnownPrincipal;
  readonly resource: ResourceRow;
  /** Absent = the lowest level that has a credential, up to the one granted. */
  readonly level?: AccessLevel | undefined;
  readonly credentialLevels: readonly AccessLevel[];
  readonly now: string;
}

/** The most that the principal may have. A delegated AI agent gets no more than its person has, a key no more than its scope. */
export function highestAccess(
  question: Pick<AccessQuestion, "grants" | "principal" | "resource" | "now">,
): AccessLevel | undefined {
  const { grants, principal, resource, now } = question;
  const levelOf = (who: KnownPrincipal) =>
    highestLevel(grants.filter((grant) => grantApplies(grant, who, resource, now)));
  const { owner, limits } = principal;
  if (limits?.resourceIds?.includes(resource.id) === false) return undefined;
  const own = levelOf(principal);
  if (own === undefined) return undefined;
  const both = owner === undefined ? own : lower(own, levelOf(owner));
  return both === undefined ? undefined : lower(both, limits?.level ?? both);
}

/** Which grant and level a session gets. */
export function decideAccess(question: AccessQuestion): AccessResult {
  const { principal, resource, now } = question;
  const most = highestAccess(question);
  if (most === undefined) return { ok: false, reason: "no_grant" };
  const own = question.grants.filter((grant) => grantApplies(grant, principal, resource, now));
  const level = question.level ?? defaultLevel(most, question.credentialLevels);
  const grant = own.filter((candidate) => levelAtLeast(candidate.level, level)).sort(longestFirst)[0];
  if (grant === undefined || !levelAtLeast(most, level) || !question.credentialLevels.includes(level)) {
    return { ok: false, reason: "level_not_granted" };
  }
  return { ok: true, access: { grant, level } };
}

export function highestLevel(grants: readonly GrantRow[]): AccessLevel | undefined {
  return ACCESS_LEVELS.findLast((level) => grants.some((grant) => grant.level === level));
}

function lower(a: AccessLevel, b: AccessLevel | undefined): AccessLevel | undefined {
  if (b === undefined) return undefined;
  return levelAtLeast(a, b) ? b : a;
}

/** Nobody works above what they asked for: the lowest level with a credential, although the grant reaches higher. */
function defaultLevel(most: AccessLevel, usable: readonly AccessLevel[]): AccessLevel {
  return ACCESS_LEVELS.find((level) => usable.includes(level) && levelAtLeast(most, level)) ?? most;
}

/** The session ends with its grant, so it is opened on the one that lasts longest. */
function longestFirst(a: GrantRow, b: GrantRow): number {
  if (a.expiresAt === b.expiresAt) return a.id < b.id ? -1 : 1;
  if (a.expiresAt === null) return -1;
  if (b.expiresAt === null) return 1;
  return a.expiresAt > b.expiresAt ? -1 : 1;
}
