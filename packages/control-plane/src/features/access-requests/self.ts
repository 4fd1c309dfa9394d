import { and, eq, isNull } from "drizzle-orm";
import { history, mandates } from "../../storage/schema.ts";
import { select, selectOne, type Work } from "../../storage/statement.ts";
import { loadPrincipals, principalProblem } from "../principals/membership.ts";
import type { PrincipalRef } from "../principals/store.ts";

/** Who asked, and for whom they acted when they did. */
export interface Requester {
  readonly principalId: string;
  readonly ownerId: string | null;
}

/**
 * Why this person may not decide about what was asked, or undefined. Only people decide, and never about themselves: not
 * about what a program of theirs asked, be it that it acts for them, acted for them then, was made by them or carries a
 * key that they made. No role changes that.
 */
export function* selfDecision(reviewer: Pick<PrincipalRef, "id" | "name">, asked: Requester): Work<string | undefined> {
  const known = yield* loadPrincipals([reviewer.id, asked.principalId]);
  const person = known.get(reviewer.id);
  if (person === undefined || principalProblem(person) !== undefined || person.row.kind !== "user") {
    return "only a person decides";
  }
  const own = "nobody decides their own request";
  const requester = known.get(asked.principalId);
  if ([asked.principalId, asked.ownerId, requester?.row.ownerId].includes(reviewer.id)) return own;
  if (requester === undefined || requester.row.kind === "user") return undefined;
  return (yield* controls(person.row, asked.principalId)) ? own : undefined;
}

/** Whoever made a program, or holds a way to act as it, is behind what it asks. */
function* controls(person: { readonly id: string; readonly name: string }, principalId: string): Work<boolean> {
  const first = and(eq(history.noun, "principal"), eq(history.refId, principalId), eq(history.version, 1));
  if ((yield* selectOne(history, first))?.changedBy === person.id) return true;
  const live = and(eq(mandates.principalId, principalId), isNull(mandates.revokedAt));
  const held = yield* select(mandates, { where: live });
  return held.some((mandate) => mandate.ownerId === person.id || mandate.createdBy.split(" ")[0] === person.name);
}
