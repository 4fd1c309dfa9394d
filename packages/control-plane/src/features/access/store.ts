import type { AccessLevel, PrincipalKind } from "@tidewaiter/core";
import type { Work } from "../../storage/statement.ts";
import { read } from "../../storage/unit.ts";
import { grantApplies, highestAccess } from "../grants/access.ts";
import type { GrantRow } from "../grants/store.ts";
import { type KnownPrincipal, principalProblem } from "../principals/membership.ts";
import type { ResourceRow } from "../resources/store.ts";
import { accessStateAt } from "./at-time.ts";
import { type ExplainArgs, type Explanation, explainAccess } from "./explain.ts";

/** That somebody could reach something at one instant. */
export interface Reach {
  readonly principal: string;
  readonly kind: PrincipalKind;
  readonly onBehalfOf: string | null;
  readonly resource: string;
  readonly tags: ResourceRow["tags"];
  readonly level: AccessLevel;
  /** The grants that gave it, each with to whom it was. */
  readonly by: readonly { readonly grant: string; readonly to: string; readonly until: string | null }[];
}

interface ListArgs {
  /** Absent = now. */
  readonly at?: string | undefined;
  readonly resource?: string | undefined;
  readonly principal?: string | undefined;
}

export const accessUnits = {
  /** Who could reach what, as it was then. */
  list: read(function* (unit, args: ListArgs): Work<Reach[]> {
    const at = args.at ?? unit.now;
    const state = yield* accessStateAt(at);
    const resources = state.resources.filter(({ name }) => args.resource === undefined || args.resource === name);
    const able = state.principals.filter(
      (known) =>
        (args.principal === undefined || args.principal === known.row.name) && principalProblem(known) === undefined,
    );
    const groupName = (id: string | null) => (id === null ? "" : (state.groupNames.get(id) ?? id));
    const reached = able.flatMap((principal) =>
      resources.flatMap((resource) => reachOf({ principal, resource, grants: state.grants, groupName, now: at })),
    );
    return reached.sort((a, b) => (`${a.resource} ${a.principal}` < `${b.resource} ${b.principal}` ? -1 : 1));
  }),

  explain: read(function* (unit, args: ExplainArgs): Work<Explanation> {
    return yield* explainAccess(unit.now, args);
  }),
};

function reachOf(question: {
  readonly principal: KnownPrincipal;
  readonly resource: ResourceRow;
  readonly grants: readonly GrantRow[];
  readonly groupName: (id: string | null) => string;
  readonly now: string;
}): Reach[] {
  const level = highestAccess(question);
  if (level === undefined) return [];
  const { principal, resource, grants, groupName, now } = question;
  const by = grants
    .filter((grant) => grantApplies(grant, principal, resource, now))
    .map((grant) => ({
      grant: grant.name,
      to: grant.principalId === null ? `group:${groupName(grant.groupId)}` : `principal:${principal.row.name}`,
      until: grant.expiresAt,
    }));
  const { name, kind } = principal.row;
  const onBehalfOf = principal.owner?.row.name ?? null;
  return [{ principal: name, kind, onBehalfOf, resource: resource.name, tags: resource.tags, level, by }];
}
