import { z } from "zod";
import { type Route, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { requirePresence } from "../second-factors/require-presence.ts";
import { idPath } from "../shapes.ts";
import { concerns, readReview } from "./read-review.ts";
import { reviewState, reviewView, toReviewView } from "./view.ts";

const detailed = reviewView.extend({ statement: z.string(), parameters: z.array(z.string()).readonly() });
const comment = z.strictObject({ comment: z.string().trim().max(500).default("") });

export function reviewRoutes(services: Services): Route[] {
  const { units } = services.store;
  return [
    route({
      method: "GET",
      url: "/v1/reviews",
      summary: "List reviews that the caller asked for or may decide, or all for those who may read them",
      access: { permission: "reviews.list" },
      query: z.strictObject({
        state: reviewState.optional(),
        limit: z.coerce.number().int().min(1).max(500).default(100),
      }),
      response: z.object({ reviews: z.array(reviewView) }),
      async handle({ query, caller, can }) {
        const rows = await units.reviews.list(query);
        const shown = rows.filter((row) => can("reviews.read_all") || concerns(row, caller));
        return { reviews: shown.map(toReviewView) };
      },
    }),
    route({
      method: "GET",
      url: "/v1/reviews/:id",
      summary: "Show a review with the exact statement; a look by another than the requester is recorded",
      access: { permission: "reviews.list" },
      params: idPath,
      response: detailed,
      async handle(call) {
        const { row, statement, parameters } = await readReview(services, call.params.id, call);
        return { ...toReviewView(row), statement, parameters };
      },
    }),
    decision(services, "approve", "Approve exactly this statement, once"),
    decision(services, "reject", "Refuse it"),
  ];
}

function decision(services: Services, verb: "approve" | "reject", summary: string): Route {
  return route({
    method: "POST",
    url: `/v1/reviews/:id/${verb}`,
    summary,
    access: { permission: "reviews.decide" },
    params: idPath,
    body: comment,
    response: reviewView,
    async handle({ params, body, caller }) {
      const { id, name, roles } = caller;
      const reviewer = { id, name, roles };
      if (verb === "approve") {
        const { resourceId } = await services.store.units.reviews.get({ id: params.id });
        await requirePresence(services, caller, { ids: [resourceId] });
      }
      return toReviewView(
        await services.store.units.reviews.decide({ id: params.id, reviewer, decision: verb, comment: body.comment }),
      );
    },
  });
}
