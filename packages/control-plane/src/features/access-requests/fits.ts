import { type AccessLevel, levelAtLeast } from "@tidewaiter/core/resource";
import type { KnownPrincipal } from "../principals/membership.ts";
import type { ResourceRow } from "../resources/store.ts";
import type { AccessDecision, AccessRule } from "./access-rule.ts";

/** May somebody ask by this rule for this at all? An AI agent asks for itself; what its person has limits it anyhow. */
export function ruleFits(rule: AccessRule, known: KnownPrincipal, resource: ResourceRow): boolean {
  return rule.requesters.some((entry) => names(entry, known)) && selects(rule, resource);
}

/** Why not so much or so long, or undefined. */
export function limitProblem(rule: AccessRule, level: AccessLevel, seconds: number): string | undefined {
  if (!levelAtLeast(rule.level, level)) return `at most the level ${rule.level} may be asked for`;
  return seconds > rule.maxSeconds ? `at most ${rule.maxSeconds} seconds may be asked for` : undefined;
}

function selects(rule: AccessRule, resource: ResourceRow): boolean {
  if (rule.resources !== undefined) return rule.resources.includes(resource.name);
  const wanted = Object.entries(rule.tags ?? {});
  return wanted.length > 0 && wanted.every(([tag, value]) => resource.tags[tag] === value);
}

function names(entry: string, known: KnownPrincipal): boolean {
  if (entry.startsWith("principal:")) return entry === `principal:${known.row.name}`;
  return known.groupNames.some((group) => entry === `group:${group}`);
}

/** Whom the requester's attribute `manager` names; an AI agent's is its person's. */
export function managerOf(requester: KnownPrincipal): string | undefined {
  return (requester.owner ?? requester).row.attributes.manager;
}

export interface Asked {
  readonly rule: AccessRule;
  readonly requester: KnownPrincipal;
  readonly requestedAt: string;
  readonly now: string;
}

export function escalated({ rule, requestedAt, now }: Pick<Asked, "rule" | "requestedAt" | "now">): boolean {
  const { escalate } = rule.reviewers;
  return escalate !== undefined && Date.parse(now) >= Date.parse(requestedAt) + escalate.afterSeconds * 1000;
}

/** Which entries of `by` this person can stand for; whoever the request was escalated to stands for any of them. */
export function standsFor(asked: Asked, reviewer: KnownPrincipal): readonly string[] {
  const { by, escalate } = asked.rule.reviewers;
  if (escalated(asked) && escalate?.to.some((entry) => names(entry, reviewer))) return by;
  const manager = managerOf(asked.requester);
  return by.filter((entry) =>
    entry === "manager" ? manager !== undefined && manager === reviewer.row.name : names(entry, reviewer),
  );
}

/** Are these approvals, each of another person who may still decide, enough? */
export function enoughApprovals(
  asked: Asked,
  decisions: readonly AccessDecision[],
  reviewers: ReadonlyMap<string, KnownPrincipal>,
): boolean {
  const approving = new Set(decisions.flatMap((one) => (one.decision === "approve" ? [one.reviewerId] : [])));
  const can = [...approving].flatMap((id) => {
    const reviewer = reviewers.get(id);
    const entries = reviewer === undefined ? [] : standsFor(asked, reviewer);
    return entries.length === 0 ? [] : [entries];
  });
  const { by, count } = asked.rule.reviewers;
  return count === "all" ? coverAll(by, can) : can.length >= count;
}

/** Can every entry be given a person of its own? At most ten of each, so trying is enough. */
function coverAll(entries: readonly string[], people: readonly (readonly string[])[]): boolean {
  const [entry, ...rest] = entries;
  if (entry === undefined) return true;
  return people.some(
    (person, index) =>
      person.includes(entry) &&
      coverAll(
        rest,
        people.filter((_, other) => other !== index),
      ),
  );
}
