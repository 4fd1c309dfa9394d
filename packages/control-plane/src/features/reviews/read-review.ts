import { TidewaiterError } from "@tidewaiter/core/errors";
import type { RouteCall } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import type { Caller } from "../login/service.ts";
import { mayDecide } from "./decide.ts";
import type { ReviewedStatement } from "./service.ts";
import type { ReviewRow } from "./store.ts";

type Reader = Pick<RouteCall<unknown, unknown, unknown>, "caller" | "can">;

/** The review without its statement, for those whom it concerns. @throws TidewaiterError `not_found` */
export async function findReviewFor(services: Services, id: string, { caller, can }: Reader): Promise<ReviewRow> {
  const row = await services.store.units.reviews.get({ id });
  if (can("reviews.read_all") || concerns(row, caller)) return row;
  // As if it were not there: a short id can be guessed.
  throw new TidewaiterError("not_found", `there is no review ${id}`);
}

/** All of it. A look by another than the requester is audited. */
export async function readReview(
  services: Services,
  id: string,
  reader: Reader,
): Promise<{ readonly row: ReviewRow } & ReviewedStatement> {
  const row = await findReviewFor(services, id, reader);
  const { caller } = reader;
  if (row.principalId !== caller.id) {
    const { sessionId, resourceId } = row;
    const data = { shortId: row.shortId, by: caller.name, via: caller.via };
    const event = { type: "review.viewed", principalId: caller.id, sessionId, resourceId, data };
    await services.store.units.audit.append(event);
  }
  return { row, ...(await services.reviews.statement(row)) };
}

/** It is theirs, or their AI agent's, or they are asked. */
export function concerns(row: ReviewRow, caller: Caller): boolean {
  const person = caller.principal.onBehalfOf?.id ?? null;
  if ((row.principalId === caller.id && row.ownerId === person) || row.ownerId === caller.id) return true;
  return isAsked(row, caller);
}

/** Whether the decision is theirs to give, as far as a page can know it; the unit of work decides. */
export function isAsked(row: ReviewRow, caller: Caller): boolean {
  return mayDecide(row.askedOf, caller.name, caller.principal.groups, caller.roles);
}
