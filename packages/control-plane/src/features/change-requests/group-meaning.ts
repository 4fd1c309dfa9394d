import { eq } from "../../storage/drizzle.ts";
import { accessRules, grants } from "../../storage/schema.ts";
import { select, selectOne, type Work } from "../../storage/statement.ts";
import { currentPolicyVersion, documentsOf } from "../policies/store.ts";
import { type Actor, actorIds } from "./protect.ts";
import type { GroupMeaning } from "./weakens.ts";

/** What its members may do beside the roles that it has. */
export function* groupMeaning(
  group: { readonly id: string; readonly name: string },
  added: readonly string[],
  by: Actor | undefined,
): Work<GroupMeaning> {
  const documents = yield* documentsOf(yield* currentPolicyVersion());
  const named = wordOf(group.name);
  const rules = yield* select(accessRules);
  const actor = by === undefined ? [] : yield* actorIds(by);
  const comesIn = added.some((id) => actor.includes(id));
  return {
    inPolicy: documents.some(({ source }) => named.test(source)),
    inAccessRule: rules.some(({ rule }) => named.test(JSON.stringify([rule.requesters, rule.reviewers]))),
    grantsToActor: comesIn && (yield* selectOne(grants, eq(grants.groupId, group.id))) !== undefined,
  };
}

/** The name as a word of its own; names are letters, digits and hyphens. A comment that names it counts too, and a glob in a pattern. */
function wordOf(name: string): { test(text: string): boolean } {
  const exact = new RegExp(`(?<![a-z0-9-])${name}(?![a-z0-9-])`);
  return { test: (text) => exact.test(text) || /group:[a-z0-9-]*\*/.test(text) };
}
