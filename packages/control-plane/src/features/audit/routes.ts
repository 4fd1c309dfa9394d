import { z } from "zod";
import { type Route, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { verifyAudit } from "./verify.ts";

const event = z.object({
  sequence: z.int(),
  id: z.string(),
  at: z.string(),
  type: z.string(),
  principalId: z.string().nullable(),
  sessionId: z.string().nullable(),
  resourceId: z.string().nullable(),
  data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  previousHash: z.string(),
  hash: z.string(),
});

export function auditRoutes({ store }: Services): Route[] {
  const { audit } = store.units;
  return [
    route({
      method: "GET",
      url: "/v1/audit",
      summary: "Audit events in order, or the newest first",
      access: { permission: "audit.read" },
      query: z.strictObject({
        after: z.coerce.number().int().min(0).default(0),
        /** `review.approved`, or `review` for all of them. */
        type: z.string().max(100).optional(),
        order: z.enum(["oldest", "newest"]).default("oldest"),
        limit: z.coerce.number().int().min(1).max(1000).default(100),
      }),
      response: z.object({ events: z.array(event), last: z.int() }),
      async handle({ query }) {
        const { order, ...rest } = query;
        const rows = await audit.list({ ...rest, newestFirst: order === "newest" });
        const events = rows.map((row) => ({ ...row, data: JSON.parse(row.data) as z.input<typeof event>["data"] }));
        return { events, last: Math.max(query.after, ...rows.map((row) => row.sequence)) };
      },
    }),
    route({
      method: "GET",
      url: "/v1/audit/verify",
      summary: "Is the chain of audit events whole?",
      access: { permission: "audit.read" },
      response: z.object({
        ok: z.boolean(),
        events: z.int(),
        head: z.string(),
        problems: z.array(z.string()).readonly(),
      }),
      handle: () => verifyAudit(audit),
    }),
  ];
}
