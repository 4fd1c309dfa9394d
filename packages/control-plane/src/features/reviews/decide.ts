import { TidewaiterError } from "@tidewaiter/core/errors";
import { eq } from "../../storage/drizzle.ts";
import { reviews } from "../../storage/schema.ts";
import { update, type Work } from "../../storage/statement.ts";
import type { UnitContext } from "../../storage/unit.ts";
import { selfDecision } from "../access-requests/self.ts";
import { unconfirmedPrincipal, unconfirmedWords } from "../identity-providers/confirmed.ts";
import { loadPrincipals, principalProblem } from "../principals/membership.ts";
import type { ReviewRow } from "./store.ts";

export interface DecideArgs {
  readonly id: string;
  readonly reviewer: { readonly id: string; readonly name: string; readonly roles: readonly string[] };
  readonly decision: "approve" | "reject";
  readonly comment: string;
}

/** An approved ticket is worth this long at least: whoever asked has to come back and repeat the statement. */
const TICKET_VALID_MS = 15 * 60_000;

/** Counts one person's decision. The first rejection ends it; `count` different people have to approve. */
export function* decideReview(unit: UnitContext, row: ReviewRow, args: DecideArgs): Work<ReviewRow> {
  if (row.state !== "pending") throw new TidewaiterError("conflict", `review ${row.shortId} is ${row.state} already`);
  const refusal = yield* whyNot(row, args.reviewer);
  if (refusal !== undefined) throw new TidewaiterError("permission_missing", refusal);
  const silent = args.decision === "approve" ? yield* unconfirmedPrincipal(row.principalId) : undefined;
  if (silent !== undefined) throw new TidewaiterError("identity_unconfirmed", unconfirmedWords(silent));
  if (row.decisions.some((decision) => decision.reviewer === args.reviewer.name)) {
    throw new TidewaiterError("conflict", `you have decided review ${row.shortId} already; another person is needed`);
  }
  const { decision, comment } = args;
  const decisions = [...row.decisions, { reviewer: args.reviewer.name, decision, comment, at: unit.now }];
  const state = decision === "reject" ? "rejected" : decisions.length >= row.count ? "approved" : "pending";
  const decided: ReviewRow = { ...row, decisions, state, expiresAt: expiry(row, state, unit.now) };
  yield* update(reviews, { decisions, state, expiresAt: decided.expiresAt }, eq(reviews.id, row.id));
  unit.changed("review", row.id);
  const { sessionId, resourceId } = row;
  const data = { shortId: row.shortId, requester: row.principalName, rule: row.ruleId, comment, state };
  const type = `review.${decision === "approve" ? "approved" : "rejected"}`;
  unit.audit({ type, principalId: args.reviewer.id, sessionId, resourceId, data });
  return decided;
}

/** Nobody decides on what they asked for themselves, nor on what a program asked on their behalf; no role changes that. */
function* whyNot(row: ReviewRow, reviewer: DecideArgs["reviewer"]): Work<string | undefined> {
  const person = (yield* loadPrincipals([reviewer.id])).get(reviewer.id);
  if (person === undefined || principalProblem(person) !== undefined || person.row.kind !== "user")
    return "only a person decides a review";
  const own = yield* selfDecision(reviewer, row);
  if (own !== undefined) return own;
  return mayDecide(row.askedOf, person.row.name, person.groupNames, reviewer.roles) ? undefined : notAsked(row);
}

/** A rule that names nobody asks everybody with the role `reviewer`. */
export function mayDecide(
  askedOf: readonly string[],
  name: string,
  groupNames: readonly string[],
  roles: readonly string[],
): boolean {
  if (askedOf.length === 0) return roles.includes("reviewer");
  return askedOf.includes(`principal:${name}`) || groupNames.some((group) => askedOf.includes(`group:${group}`));
}

function notAsked(row: ReviewRow): string {
  return `review ${row.shortId} asks ${row.askedOf.length === 0 ? "the role reviewer" : row.askedOf.join(", ")}`;
}

function expiry(row: ReviewRow, state: ReviewRow["state"], now: string): string {
  if (state !== "approved" || row.mode !== "ticket") return row.expiresAt;
  const atLeast = new Date(Date.parse(now) + TICKET_VALID_MS).toISOString();
  return [atLeast, row.expiresAt].sort().at(-1) ?? atLeast;
}
