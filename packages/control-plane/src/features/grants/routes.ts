import { z } from "zod";
import { NOTHING, type Route, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { refOf } from "../principals/routes.ts";
import { accessLevel, grantShape, idPath, oneResourceOrTags, oneSubject, thingName } from "../shapes.ts";

const view = z.object({
  id: z.string(),
  name: z.string(),
  principal: z.string().nullable(),
  group: z.string().nullable(),
  resource: z.string().nullable(),
  tags: z.record(z.string(), z.string()).readonly().nullable(),
  level: accessLevel,
  expiresAt: z.string().nullable(),
});

export function grantRoutes({ store }: Services): Route[] {
  const { grants } = store.units;
  return [
    route({
      method: "GET",
      url: "/v1/grants",
      summary: "List grants",
      access: { permission: "grants.read" },
      response: z.object({ grants: z.array(view) }),
      handle: async () => ({ grants: await grants.list() }),
    }),
    route({
      method: "POST",
      url: "/v1/grants",
      summary: "Grant a principal or group access to a resource, or to all with some tags",
      access: { permission: "grants.write" },
      body: z
        .strictObject({ name: thingName.optional(), ...grantShape })
        .refine(oneSubject.check, oneSubject.message)
        .refine(oneResourceOrTags.check, oneResourceOrTags.message),
      response: view,
      status: 201,
      handle: ({ body, caller }) => grants.create({ by: refOf(caller), grant: body }),
    }),
    route({
      method: "DELETE",
      url: "/v1/grants/:id",
      summary: "Remove a grant by id or name; sessions opened on it end",
      access: { permission: "grants.write" },
      params: idPath,
      response: NOTHING,
      status: 204,
      handle: ({ params, caller }) => grants.delete({ by: refOf(caller), id: params.id }),
    }),
  ];
}
