import { z } from "zod";
import { type Route, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { ownOf } from "../mandates/own.ts";
import { principalName } from "../shapes.ts";

const view = z.object({
  rule: z.string(),
  principal: z.string(),
  onBehalfOf: z.string().nullable(),
  resource: z.string().nullable(),
  counter: z.string(),
  limit: z.int(),
  spent: z.int(),
  leased: z.int(),
  windowSeconds: z.int(),
  freesAt: z.string().nullable(),
  exceededAt: z.string().nullable(),
});

export function budgetRoutes({ store }: Services): Route[] {
  return [
    route({
      method: "GET",
      url: "/v1/budgets",
      summary:
        "What is spent of budgets: by the caller and AI agents that act for them, or by all for those who may see it",
      access: { permission: "self.read" },
      query: z.strictObject({ principal: principalName.optional() }),
      response: z.object({ budgets: z.array(view) }),
      async handle({ query, caller, can }) {
        const onlyOf = can("budgets.read_all") ? undefined : ownOf(caller);
        return { budgets: await store.units.budgets.list({ ...query, onlyOf }) };
      },
    }),
  ];
}
