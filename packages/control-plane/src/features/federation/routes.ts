import { z } from "zod";
import { type Route, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { accessLevel } from "../shapes.ts";

const view = z.object({
  id: z.string(),
  name: z.string(),
  issuer: z.string(),
  audience: z.string(),
  subject: z.string(),
  when: z.string().nullable(),
  principal: z.string(),
  lifetime: z.int(),
  jwks: z.string().nullable(),
  singleUse: z.boolean(),
  permissions: z.array(z.string()).readonly().nullable(),
  resources: z.array(z.string()).readonly().nullable(),
  level: accessLevel.nullable(),
});

export function federationRoutes({ store }: Services): Route[] {
  return [
    route({
      method: "GET",
      url: "/v1/federations",
      summary: "List issuers whose tokens are taken, and for whom",
      access: { permission: "federations.read" },
      response: z.object({ federations: z.array(view) }),
      handle: async () => ({ federations: await store.units.federations.list() }),
    }),
  ];
}
