import { isDeepStrictEqual } from "node:util";
import type { AccessLevel, Enforcement, PrincipalKind } from "@tidewaiter/core";
import { levelAtLeast } from "@tidewaiter/core/resource";
import type { Scope } from "../../permissions.ts";
import type { AccessRule } from "../access-requests/access-rule.ts";
import type { ChannelSettings } from "../notifications/channel.ts";

/**
 * For each noun: why a change makes what protects weaker, in words; empty when it does not. Pure. What cannot be seen to
 * be harmless counts as weaker. `before` undefined: it is new; `after` undefined: it is removed.
 */

export interface PrincipalState {
  readonly kind: PrincipalKind;
  /** Its own and those of its groups. */
  readonly roles: readonly string[];
  readonly disabled: boolean;
  readonly ownerId: string | null;
  readonly attributes: Readonly<Record<string, string>>;
}

export function principalWeakens(before: PrincipalState | undefined, after: PrincipalState | undefined): string[] {
  if (after === undefined) return [];
  const had = before?.roles ?? [];
  const gained = privileged(after.roles).filter((role) => !had.includes(role));
  const why = gained.map((role) => `gets the role ${role}`);
  if (before === undefined) return why;
  if (before.disabled && !after.disabled && privileged(after.roles).length > 0)
    why.push("is enabled again, with roles");
  // One that belongs to nobody is limited by nobody's rights.
  if (before.ownerId !== null && before.ownerId !== after.ownerId) why.push("acts for another person, or for nobody");
  if (!isDeepStrictEqual(before.attributes, after.attributes))
    why.push("attributes change, by which reviewers are found");
  return why;
}

/** Those that let do more than everybody may. */
export function privileged(roles: readonly string[]): readonly string[] {
  return roles.filter((role) => role !== "user");
}

export interface GroupState {
  readonly members: readonly string[];
  readonly roles: readonly string[];
}

/** What makes the members of a group matter. */
export interface GroupMeaning {
  /** A policy in force names it: it may let its members pass, or hold them back. */
  readonly inPolicy: boolean;
  /** An access rule asks it, or lets it ask. */
  readonly inAccessRule: boolean;
  /** It has grants, and whoever makes the change, or a program of theirs, comes in. */
  readonly grantsToActor: boolean;
}

export function groupWeakens(
  before: GroupState | undefined,
  after: GroupState | undefined,
  meaning: GroupMeaning,
): string[] {
  const had = before ?? { members: [], roles: [] };
  const has = after ?? { members: [], roles: [] };
  const added = has.members.some((member) => !had.members.includes(member));
  const removed = had.members.some((member) => !has.members.includes(member));
  const gained = has.roles.filter((role) => role !== "user" && !had.roles.includes(role));
  const why = gained.map((role) => `members get the role ${role}`);
  if (added && had.roles.some((role) => role !== "user")) why.push(`new members get ${had.roles.join(", ")}`);
  if (meaning.inPolicy && (added || removed)) why.push("the policy names it, and its members change");
  if (meaning.inAccessRule && added) why.push("an access rule names it, and it gets members");
  if (meaning.grantsToActor && added) why.push("whoever makes the change gets its grants");
  return why;
}

export interface ResourceState {
  readonly enforce: Enforcement;
  readonly address: string;
  readonly target: unknown;
  readonly agent: string;
  readonly tags: Scope;
  /** What secrets for it may be like, and whether the person has to be present. */
  readonly secrets?: unknown;
}

export function resourceWeakens(before: ResourceState | undefined, after: ResourceState | undefined): string[] {
  if (after === undefined) return [];
  const why = after.enforce === "observe" && before?.enforce !== "observe" ? ["its policy is only observed"] : [];
  if (before === undefined) return why;
  if (before.address !== after.address) why.push(`its address becomes ${after.address}`);
  else if (!isDeepStrictEqual(before.target, after.target)) why.push("its target changes");
  if (before.agent !== after.agent) why.push(`it moves behind the agent ${after.agent}`);
  if (!isDeepStrictEqual(before.secrets ?? null, after.secrets ?? null)) why.push("what secrets for it may be changes");
  if (!isDeepStrictEqual(before.tags, after.tags)) why.push("its tags change, by which rules and grants select it");
  return why;
}

export interface GrantState {
  readonly level: AccessLevel;
  readonly expiresAt: string | null;
  /** To whoever makes the change, a group of theirs or a program of theirs. */
  readonly toActor: boolean;
  readonly place: string;
}

/** Giving access to others is the daily work of an administrator; to oneself it is approving one's own request. */
export function grantWeakens(before: GrantState | undefined, after: GrantState | undefined): string[] {
  if (after === undefined || !after.toActor) return [];
  const same = before?.toActor === true && before.place === after.place && levelAtLeast(before.level, after.level);
  const longer = before !== undefined && before.expiresAt !== null && later(after.expiresAt, before.expiresAt);
  return same && !longer ? [] : ["whoever makes the change gets access by it"];
}

function later(instant: string | null, than: string): boolean {
  return instant === null || instant > than;
}

/** As in its document. */
export type ProviderState = Readonly<Record<string, unknown>>;

/** Whoever says who somebody is can be everybody: only its looks are harmless. */
export function providerWeakens(before: ProviderState | undefined, after: ProviderState | undefined): string[] {
  if (after === undefined) return [];
  if (before === undefined) return ["its people can sign in"];
  const { title: _t1, ...old } = before;
  const { title: _t2, ...now } = after;
  return isDeepStrictEqual(withoutEmpty(old), withoutEmpty(now)) ? [] : ["who can sign in by it, or as whom, changes"];
}

export interface RoleState {
  readonly permissions: readonly string[];
  readonly scope: Scope;
}

export function roleWeakens(before: RoleState | undefined, after: RoleState | undefined): string[] {
  if (after === undefined) return [];
  const gained = after.permissions.filter((permission) => !before?.permissions.includes(permission));
  const why = gained.length === 0 ? [] : [`it permits more: ${gained.join(", ")}`];
  const narrower = Object.entries(before?.scope ?? {}).every(([tag, value]) => after.scope[tag] === value);
  return narrower ? why : [...why, "it holds on more resources"];
}

export function accessRuleWeakens(before: AccessRule | undefined, after: AccessRule | undefined): string[] {
  if (after === undefined) return [];
  if (before === undefined) return ["more may be asked for"];
  const { maxSeconds: had, expiresSeconds: _e1, ...old } = before;
  const { maxSeconds: has, expiresSeconds: _e2, ...now } = after;
  const why = has > had ? ["it gives longer access"] : [];
  return isDeepStrictEqual(withoutEmpty(old), withoutEmpty(now))
    ? why
    : [...why, "who may ask for what, or who decides, changes"];
}

/** Whoever is told of nothing watches nothing. Another address is as good as none: nobody can see who reads there. */
export function channelWeakens(before: ChannelSettings | undefined, after: ChannelSettings | undefined): string[] {
  if (before === undefined) return [];
  if (after === undefined) return ["nobody is told by it any more"];
  const { events: had, asks: hadAsks, resources: hadResources, perMinute: rate, ...old } = before;
  const { events, asks, resources, perMinute, ...now } = after;
  const why = had.some((event) => !events.includes(event)) ? ["it tells of fewer events"] : [];
  if (narrower(hadAsks, asks)) why.push("it tells of what fewer people are asked");
  if (narrower(hadResources, resources)) why.push("it tells of fewer resources");
  if (perMinute < rate) why.push("it tells less a minute");
  return isDeepStrictEqual(withoutEmpty(old), withoutEmpty(now)) ? why : [...why, "it tells somebody else"];
}

/** Absent = all. */
function narrower(before: readonly string[] | undefined, after: readonly string[] | undefined): boolean {
  if (after === undefined) return false;
  return before === undefined || before.some((one) => !after.includes(one));
}

function withoutEmpty(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
