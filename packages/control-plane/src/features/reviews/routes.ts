import { TidewaiterError } from "@tidewaiter/core/errors";
import { z } from "zod";
import { type Route, type RouteCall, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import type { Caller } from "../login/service.ts";
import { idPath } from "../shapes.ts";
import { mayDecide } from "./decide.ts";
import type { ReviewRow } from "./store.ts";

const state = z.enum(["pending", "approved", "rejected", "expired", "withdrawn", "consumed"]);

const view = z.object({
  id: z.string(),
  shortId: z.string(),
  state,
  mode: z.enum(["hold", "ticket"]),
  requester: z.string(),
  sessionId: z.string(),
  resource: z.string(),
  rule: z.string(),
  reason: z.string(),
  summary: z.string(),
  labels: z.array(z.string()).readonly(),
  estimatedRows: z.number().nullable(),
  inTransaction: z.boolean(),
  askedOf: z.array(z.string()).readonly(),
  count: z.int(),
  decisions: z
    .array(
      z.object({
        reviewer: z.string(),
        decision: z.enum(["approve", "reject"]),
        comment: z.string(),
        at: z.string(),
      }),
    )
    .readonly(),
  requestedAt: z.string(),
  expiresAt: z.string(),
  closedReason: z.string().nullable(),
});

const detailed = view.extend({ statement: z.string(), parameters: z.array(z.string()).readonly() });
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
        state: state.optional(),
        limit: z.coerce.number().int().min(1).max(500).default(100),
      }),
      response: z.object({ reviews: z.array(view) }),
      async handle({ query, caller, can }) {
        const rows = await units.reviews.list(query);
        const shown = rows.filter((row) => can("reviews.read_all") || concerns(row, caller));
        return { reviews: shown.map(toView) };
      },
    }),
    route({
      method: "GET",
      url: "/v1/reviews/:id",
      summary: "Show a review with the exact statement; a look by another than the requester is recorded",
      access: { permission: "reviews.list" },
      params: idPath,
      response: detailed,
      handle: (call) => show(services, call.params.id, call),
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
    response: view,
    async handle({ params, body, caller }) {
      const { id, name, roles } = caller;
      const reviewer = { id, name, roles };
      return toView(
        await services.store.units.reviews.decide({ id: params.id, reviewer, decision: verb, comment: body.comment }),
      );
    },
  });
}

async function show(services: Services, id: string, call: RouteCall<unknown, unknown, unknown>) {
  const { reviews, audit } = services.store.units;
  const row = await reviews.get({ id });
  const { caller } = call;
  if (!call.can("reviews.read_all") && !concerns(row, caller)) {
    // As if it were not there: a short id can be guessed.
    throw new TidewaiterError("not_found", `there is no review ${id}`);
  }
  if (row.principalId !== caller.id) {
    const { sessionId, resourceId } = row;
    const data = { shortId: row.shortId, by: caller.name };
    await audit.append({ type: "review.viewed", principalId: caller.id, sessionId, resourceId, data });
  }
  const { statement, parameters } = await services.reviews.statement(row);
  return { ...toView(row), statement, parameters };
}

/** It is theirs, or their AI agent's, or they are asked. */
function concerns(row: ReviewRow, caller: Caller): boolean {
  const person = caller.principal.onBehalfOf?.id ?? null;
  if ((row.principalId === caller.id && row.ownerId === person) || row.ownerId === caller.id) return true;
  return mayDecide(row.askedOf, caller.name, caller.principal.groups, caller.roles);
}

function toView(row: ReviewRow): z.input<typeof view> {
  const { id, shortId, sessionId, mode, reason, summary, labels, estimatedRows, inTransaction, askedOf, count } = row;
  const { decisions, requestedAt, expiresAt, closedReason } = row;
  const named = { requester: row.principalName, resource: row.resourceName, rule: row.ruleId };
  const asked = { mode, reason, summary, labels, estimatedRows, inTransaction, askedOf, count };
  return {
    id,
    shortId,
    state: row.state,
    sessionId,
    ...named,
    ...asked,
    decisions,
    requestedAt,
    expiresAt,
    closedReason,
  };
}
