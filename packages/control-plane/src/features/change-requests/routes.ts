import { z } from "zod";
import { NOTHING, type Route, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { refOf } from "../principals/routes.ts";
import { requirePresence } from "../second-factors/require-presence.ts";
import { idPath } from "../shapes.ts";
import type { ChangeRequestRow } from "./store.ts";

const state = z.enum(["pending", "applied", "rejected", "withdrawn", "expired"]);

const view = z.object({
  id: z.string(),
  shortId: z.string(),
  state,
  requester: z.string(),
  /** What it would weaken, and why it counts as weaker; before and after as JSON. */
  changes: z
    .array(
      z.object({
        noun: z.string(),
        name: z.string(),
        why: z.array(z.string()).readonly(),
        before: z.string().nullable(),
        after: z.string().nullable(),
      }),
    )
    .readonly(),
  requestedAt: z.string(),
  expiresAt: z.string(),
  decidedBy: z.string().nullable(),
  decidedAt: z.string().nullable(),
  comment: z.string().nullable(),
});

const decision = z.strictObject({ comment: z.string().trim().max(500).default("") });
const mode = z.object({ twoPerson: z.enum(["on", "off"]), administrators: z.int() });

export function changeRequestRoutes(services: Services): Route[] {
  const { changeRequests, settings } = services.store.units;
  return [
    route({
      method: "GET",
      url: "/v1/changes",
      summary: "List changes that weaken protection and wait, or waited, for a second person",
      access: { permission: "change_requests.read" },
      query: z.strictObject({ state: state.optional(), limit: z.coerce.number().int().min(1).max(500).default(100) }),
      response: z.object({ changes: z.array(view) }),
      handle: async ({ query }) => ({ changes: (await changeRequests.list(query)).map(toView) }),
    }),
    route({
      method: "GET",
      url: "/v1/changes/:id",
      summary: "Show a change: what it would weaken, before and after",
      access: { permission: "change_requests.read" },
      params: idPath,
      response: view,
      handle: async ({ params }) => toView(await changeRequests.get(params)),
    }),
    route({
      method: "POST",
      url: "/v1/changes/:id/approve",
      summary: "Apply exactly this change; by another person who could make it themselves",
      access: { permission: "change_requests.decide" },
      params: idPath,
      body: decision,
      response: view,
      async handle({ params, body, caller }) {
        await requirePresence(services, caller, { names: resourcesOf(await changeRequests.get(params)) });
        return toView(await changeRequests.approve({ by: refOf(caller), id: params.id, comment: body.comment }));
      },
    }),
    route({
      method: "POST",
      url: "/v1/changes/:id/reject",
      summary: "Reject a change, or withdraw one's own",
      access: { permission: "change_requests.decide" },
      params: idPath,
      body: decision,
      response: view,
      handle: async ({ params, body, caller }) =>
        toView(await changeRequests.reject({ by: refOf(caller), id: params.id, comment: body.comment })),
    }),
    route({
      method: "GET",
      url: "/v1/settings",
      summary: "Do changes that weaken protection need a second person, and how many administrators are there?",
      access: { permission: "settings.read" },
      response: mode,
      handle: () => settings.mode(),
    }),
    route({
      method: "PUT",
      url: "/v1/settings/two-person",
      summary: "Ask for a second person from now on, or (itself such a change) not any more",
      access: { permission: "settings.write" },
      body: z.strictObject({ twoPerson: z.enum(["on", "off"]) }),
      response: NOTHING,
      status: 204,
      handle: ({ body, caller }) => settings.setMode({ by: refOf(caller), ...body }),
    }),
  ];
}

function resourcesOf({ findings }: ChangeRequestRow): string[] {
  return findings.flatMap(({ noun, name }) => (noun === "resource" || noun === "labels" ? [name] : []));
}

/** Arguments are not shown: they may hold what verifies a secret. */
function toView(row: ChangeRequestRow): z.input<typeof view> {
  const { id, shortId, requesterName: requester, findings: changes, requestedAt, expiresAt } = row;
  const { decidedBy, decidedAt, comment } = row;
  const known = state.parse(row.state);
  return { id, shortId, state: known, requester, changes, requestedAt, expiresAt, decidedBy, decidedAt, comment };
}
