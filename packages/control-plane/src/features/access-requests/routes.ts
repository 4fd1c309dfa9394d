import { TidewaiterError } from "@tidewaiter/core/errors";
import { z } from "zod";
import { NOTHING, type Route, type RouteCall, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { refOf } from "../principals/routes.ts";
import { requirePresence } from "../second-factors/require-presence.ts";
import { accessLevel, idPath, namePath, thingName } from "../shapes.ts";
import { accessRuleChecks, accessRuleShape, toAccessRule } from "./shape.ts";
import { type AccessRequestRow, isActive } from "./store.ts";

const ruleView = z.object({
  name: z.string(),
  requesters: z.array(z.string()).readonly(),
  resources: z.array(z.string()).readonly().optional(),
  tags: z.record(z.string(), z.string()).readonly().optional(),
  level: accessLevel,
  maxSeconds: z.int(),
  reviewers: z.object({
    by: z.array(z.string()).readonly(),
    count: z.union([z.int(), z.literal("all")]),
    escalate: z.object({ afterSeconds: z.int(), to: z.array(z.string()).readonly() }).optional(),
  }),
  expiresSeconds: z.int(),
  autoApprove: z.boolean(),
});

const state = z.enum(["pending", "approved", "denied", "expired", "withdrawn", "returned"]);

const view = z.object({
  id: z.string(),
  shortId: z.string(),
  state,
  /** It gives access now. */
  active: z.boolean(),
  requester: z.string(),
  resource: z.string(),
  level: accessLevel,
  durationSeconds: z.int(),
  reason: z.string(),
  rule: z.string(),
  decisions: z
    .array(
      z.object({ reviewer: z.string(), decision: z.enum(["approve", "deny"]), comment: z.string(), at: z.string() }),
    )
    .readonly(),
  extends: z.string().nullable(),
  grantExpiresAt: z.string().nullable(),
  requestedAt: z.string(),
  expiresAt: z.string(),
  escalatedAt: z.string().nullable(),
  closedReason: z.string().nullable(),
});

/** What somebody may ask for on one resource by one rule. */
export const requestOption = z.object({
  resource: z.string(),
  level: accessLevel,
  maxSeconds: z.int(),
  rule: z.string(),
  autoApprove: z.boolean(),
  reviewers: z.array(z.string()).readonly(),
});

const durationSeconds = z
  .int()
  .min(60)
  .max(90 * 86_400);
const reason = z.string().trim().min(3).max(500);

export function accessRequestRoutes(services: Services): Route[] {
  const { store, now } = services;
  const { accessRequests, accessRules } = store.units;
  const toView = (row: AccessRequestRow): z.input<typeof view> => {
    const { extendsId, principalName: requester, resourceName: resource, ruleName: rule, ...rest } = row;
    return {
      ...rest,
      active: isActive(row, new Date(now()).toISOString()),
      requester,
      resource,
      rule,
      extends: extendsId,
    };
  };
  /** As if it were not there: a short id can be guessed. */
  const requireConcern = async (id: string, { caller, can }: RouteCall<unknown, unknown, unknown>) => {
    if (can("access_requests.read_all") || (await accessRequests.concerns({ id, principalId: caller.id }))) return;
    throw new TidewaiterError("not_found", `there is no ${id} that concerns you`);
  };
  const decision = (verb: "approve" | "deny", summary: string) =>
    route({
      method: "POST",
      url: `/v1/access-requests/:id/${verb}`,
      summary,
      access: { permission: "access_requests.decide" },
      params: idPath,
      body: z.strictObject({ comment: z.string().trim().max(500).default("") }),
      response: view,
      async handle(call) {
        const { params, body, caller } = call;
        await requireConcern(params.id, call);
        if (verb === "approve") {
          const { resourceId } = await accessRequests.get(params);
          await requirePresence(services, caller, { ids: [resourceId] });
        }
        return toView(await accessRequests.decide({ ...params, reviewer: refOf(caller), decision: verb, ...body }));
      },
    });
  return [
    route({
      method: "GET",
      url: "/v1/access-rules",
      summary: "List access rules: who may ask for what, and who decides",
      access: { permission: "access_rules.read" },
      response: z.object({ rules: z.array(ruleView) }),
      handle: async () => ({ rules: await accessRules.list() }),
    }),
    route({
      method: "PUT",
      url: "/v1/access-rules/:name",
      summary: "Add or replace an access rule",
      access: { permission: "access_rules.write" },
      scoped: true,
      params: z.object({ name: thingName }),
      body: z
        .strictObject(accessRuleShape)
        .refine(accessRuleChecks[0].check, accessRuleChecks[0].message)
        .refine(accessRuleChecks[1].check, accessRuleChecks[1].message),
      response: ruleView,
      handle: ({ params, body, caller }) =>
        accessRules.put({ by: refOf(caller), name: params.name, rule: toAccessRule(body) }),
    }),
    route({
      method: "DELETE",
      url: "/v1/access-rules/:name",
      summary: "Delete an access rule; what waits by it cannot be approved any more",
      access: { permission: "access_rules.write" },
      params: namePath,
      response: NOTHING,
      status: 204,
      handle: ({ params, caller }) => accessRules.delete({ by: refOf(caller), name: params.name }),
    }),
    route({
      method: "GET",
      url: "/v1/access-requests/options",
      summary: "What the caller may ask for, and who would decide",
      access: { permission: "access_requests.ask" },
      response: z.object({ options: z.array(requestOption) }),
      handle: async ({ caller }) => ({ options: await accessRequests.options({ principalId: caller.id }) }),
    }),
    route({
      method: "POST",
      url: "/v1/access-requests",
      summary: "Ask for access to a resource for some time; the time is counted from the approval",
      access: { permission: "access_requests.ask" },
      body: z.strictObject({
        resource: thingName,
        level: accessLevel.default("read"),
        durationSeconds,
        reason,
        rule: thingName.optional(),
      }),
      response: view,
      status: 201,
      handle: async ({ body, caller }) => {
        const ownerId = caller.principal.onBehalfOf?.id ?? null;
        return toView(await accessRequests.create({ by: refOf(caller), ownerId, request: body }));
      },
    }),
    route({
      method: "GET",
      url: "/v1/access-requests",
      summary: "List access requests that the caller made or may decide, or all for those who may read them",
      access: { permission: "access_requests.list" },
      query: z.strictObject({ state: state.optional(), limit: z.coerce.number().int().min(1).max(500).default(100) }),
      response: z.object({ requests: z.array(view) }),
      async handle({ query, caller, can }) {
        const concerning = can("access_requests.read_all") ? undefined : caller.id;
        return { requests: (await accessRequests.list({ ...query, concerning })).map(toView) };
      },
    }),
    route({
      method: "GET",
      url: "/v1/access-requests/:id",
      summary: "Show an access request",
      access: { permission: "access_requests.list" },
      params: idPath,
      response: view,
      async handle(call) {
        await requireConcern(call.params.id, call);
        return toView(await accessRequests.get(call.params));
      },
    }),
    decision("approve", "Approve it: with enough approvals the access begins"),
    decision("deny", "Deny it"),
    route({
      method: "POST",
      url: "/v1/access-requests/:id/return",
      summary: "Withdraw a request, or give the access back before its time: its sessions end",
      access: { permission: "access_requests.ask" },
      scoped: true,
      params: idPath,
      response: view,
      async handle(call) {
        const { params, caller, can } = call;
        if (!can("grants.write")) await requireConcern(params.id, call);
        return toView(await accessRequests.giveBack({ by: refOf(caller), ...params }));
      },
    }),
    route({
      method: "POST",
      url: "/v1/access-requests/:id/extend",
      summary: "Ask for more time, counted from the approval: a new request and a new decision",
      access: { permission: "access_requests.ask" },
      params: idPath,
      body: z.strictObject({ durationSeconds, reason }),
      response: view,
      status: 201,
      async handle({ params, body, caller }) {
        const ownerId = caller.principal.onBehalfOf?.id ?? null;
        return toView(await accessRequests.extend({ by: refOf(caller), ownerId, ...params, ...body }));
      },
    }),
  ];
}
