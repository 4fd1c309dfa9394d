import { and, eq, inArray } from "../../storage/drizzle.ts";
import { connectionSecrets, history, mandates, signIns } from "../../storage/schema.ts";
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
 * about what a program of theirs asked, be it that it acts for them, acted for them then, was made by them, or that they
 * made a key or a connection secret of it. No role changes that.
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
  // One that was revoked counts too: it may be revoked because it has asked already.
  const held = yield* select(mandates, { where: eq(mandates.principalId, principalId) });
  if (held.some((mandate) => mandate.ownerId === person.id || mandate.createdBy.split(" ")[0] === person.name)) {
    return true;
  }
  const secrets = yield* select(connectionSecrets, { where: eq(connectionSecrets.principalId, principalId) });
  const ids = [...new Set(secrets.flatMap(({ signInId }) => (signInId === null ? [] : [signInId])))];
  if (ids.length === 0) return false;
  const theirs = and(inArray(signIns.id, ids), eq(signIns.principalId, person.id));
  return (yield* selectOne(signIns, theirs)) !== undefined;
}
