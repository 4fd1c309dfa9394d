import type { AccessLevel } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { ACCESS_LEVELS, levelAtLeast } from "@tidewaiter/core/resource";
import { eq } from "../../storage/drizzle.ts";
import { credentials, grants, groups, principals, resources } from "../../storage/schema.ts";
import { select, selectOne, type Work } from "../../storage/statement.ts";
import { optionsOf, type RequestOption } from "../access-requests/store.ts";
import { findAgent } from "../agents/store.ts";
import { decideAccess, grantApplies, highestAccess } from "../grants/access.ts";
import type { GrantRow } from "../grants/store.ts";
import { type KnownPrincipal, loadPrincipals, principalProblem } from "../principals/membership.ts";
import type { ResourceRow } from "../resources/store.ts";

export interface ExplainArgs {
  readonly principal: string;
  readonly resource: string;
  readonly level?: AccessLevel | undefined;
  /** Whoever may not read resources learns of none that is out of reach. */
  readonly reveal: boolean;
}

export interface Step {
  /** Null: a fact that decides nothing by itself. */
  readonly ok: boolean | null;
  readonly what:
    | "principal"
    | "groups"
    | "resource"
    | "grant"
    | "person"
    | "level"
    | "credential"
    | "agent"
    | "request";
  readonly text: string;
}

export interface Explanation {
  readonly principal: string;
  readonly resource: string;
  readonly allowed: boolean;
  /** Of a session that is opened now. */
  readonly level: AccessLevel | null;
  readonly steps: readonly Step[];
  /** What they may ask for. */
  readonly requests: readonly RequestOption[];
}

/** The same functions decide here as when a session is opened; this only says each step aloud. */
export function* explainAccess(now: string, args: ExplainArgs): Work<Explanation> {
  const row = yield* selectOne(principals, eq(principals.name, args.principal));
  const known = row === undefined ? undefined : (yield* loadPrincipals([row.id])).get(row.id);
  if (known === undefined) throw new TidewaiterError("not_found", `there is no principal ${args.principal}`);
  const resource = yield* selectOne(resources, eq(resources.name, args.resource));
  const requests = (yield* optionsOf(known)).filter((option) => option.resource === args.resource);
  const all = yield* select(grants);
  const hidden = resource === undefined || !mayKnow({ known, resource, all, now, requests, reveal: args.reveal });
  if (hidden)
    throw new TidewaiterError("not_found", `there is no resource ${args.resource} that ${args.principal} may reach`);
  const state = stateSteps(known);
  const given = yield* grantSteps({ known, resource, all, now });
  const rest = yield* outcomeSteps({ known, resource, all, now, level: args.level });
  const asked = requests.map((option): Step => ({ ok: null, what: "request", text: requestText(option) }));
  const allowed = [...state, ...rest.steps].every(({ ok }) => ok !== false) && rest.level !== null;
  return {
    principal: args.principal,
    resource: args.resource,
    allowed,
    level: allowed ? rest.level : null,
    steps: [...state, ...given, ...rest.steps, ...asked],
    requests,
  };
}

interface Question {
  readonly known: KnownPrincipal;
  readonly resource: ResourceRow;
  readonly all: readonly GrantRow[];
  readonly now: string;
}

function mayKnow(
  question: Question & { readonly requests: readonly RequestOption[]; readonly reveal: boolean },
): boolean {
  const { known, resource, all, now, requests, reveal } = question;
  return reveal || requests.length > 0 || highestAccess({ grants: all, principal: known, resource, now }) !== undefined;
}

function stateSteps(known: KnownPrincipal): Step[] {
  const { name, kind } = known.row;
  const person = known.owner === undefined ? "" : ` that acts for ${known.owner.row.name}`;
  const problem = principalProblem(known);
  const is = `${name} is a ${kind.replace("_", " ")}${person}`;
  const groupText = known.groupNames.length === 0 ? "in no group" : `in ${known.groupNames.join(", ")}`;
  return [
    {
      ok: problem === undefined,
      what: "principal",
      text: problem === undefined ? `${is}, enabled` : `${is}: ${problem}`,
    },
    { ok: null, what: "groups", text: `${name} is ${groupText}` },
  ];
}

/** Each grant to them, or to a group of theirs, and what of it fits. */
function* grantSteps({ known, resource, all, now }: Question): Work<Step[]> {
  const names = new Map((yield* select(groups)).map(({ id, name }) => [id, name]));
  const tags = Object.entries(resource.tags).map(([tag, value]) => `${tag}=${value}`);
  const theirs = all.filter(
    ({ principalId, groupId }) =>
      principalId === known.row.id || (groupId !== null && known.groupIds.includes(groupId)),
  );
  const steps = theirs.map((grant): Step => {
    const to = grant.groupId === null ? known.row.name : `group ${names.get(grant.groupId)}`;
    const said = `grant ${grant.name} to ${to}: ${grant.level}`;
    if (grantApplies(grant, known, resource, now)) {
      return { ok: true, what: "grant", text: grant.expiresAt === null ? said : `${said}, until ${grant.expiresAt}` };
    }
    const expired = grant.expiresAt !== null && grant.expiresAt <= now;
    return {
      ok: false,
      what: "grant",
      text: `${said}: ${expired ? `expired ${grant.expiresAt}` : "is not for this resource"}`,
    };
  });
  const about: Step = { ok: null, what: "resource", text: `${resource.name} has ${tags.join(", ") || "no tags"}` };
  return [
    about,
    ...(theirs.length > 0
      ? steps
      : [{ ok: false, what: "grant", text: "no grant is to them or their groups" } as const]),
  ];
}

function* outcomeSteps(question: Question & { readonly level: AccessLevel | undefined }) {
  const { known, resource, all, now, level } = question;
  const steps: Step[] = [];
  const own = highestAccess({ grants: all, principal: withoutOwner(known), resource, now });
  if (known.owner !== undefined) {
    const theirs = highestAccess({ grants: all, principal: known.owner, resource, now });
    const text = `${known.owner.row.name}, for whom it acts, has ${theirs ?? "nothing"}: it gets no more`;
    steps.push({ ok: own !== undefined && theirs !== undefined, what: "person", text });
  }
  const rows = yield* select(credentials, { where: eq(credentials.resourceId, resource.id) });
  const credentialLevels = rows.map((row) => row.level);
  const decided = decideAccess({ grants: all, principal: known, resource, level, credentialLevels, now });
  const most = highestAccess({ grants: all, principal: known, resource, now });
  const asked = level === undefined ? "" : `, ${level} is asked for`;
  const enough = most !== undefined && (level === undefined || levelAtLeast(most, level));
  steps.push({ ok: enough, what: "level", text: `at most ${most ?? "nothing"}${asked}` });
  const having = ACCESS_LEVELS.filter((one) => credentialLevels.includes(one));
  if (enough)
    steps.push({ ok: decided.ok, what: "credential", text: `credentials for: ${having.join(", ") || "no level"}` });
  const agent = yield* findAgent(resource.agent);
  const online = agent?.online === true;
  steps.push({ ok: online, what: "agent", text: `agent ${resource.agent} is ${online ? "online" : "not online"}` });
  return { steps, level: decided.ok ? decided.access.level : null };
}

function withoutOwner(known: KnownPrincipal): KnownPrincipal {
  const { owner: _, ...alone } = known;
  return alone;
}

function requestText({ level, maxSeconds, rule, autoApprove, reviewers }: RequestOption): string {
  const who = autoApprove ? "nobody decides" : `${reviewers.join(", ")} decide`;
  return `may ask for up to ${level} for at most ${maxSeconds} s by ${rule}: ${who}`;
}
