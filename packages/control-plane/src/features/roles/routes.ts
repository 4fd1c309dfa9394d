import { z } from "zod";
import { NOTHING, type Route, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { refOf } from "../principals/routes.ts";
import { namePath, permissions, resourceTags, thingName } from "../shapes.ts";

const view = z.object({
  name: z.string(),
  builtIn: z.boolean(),
  description: z.string(),
  permissions: z.array(z.string()).readonly(),
  /** Tags that a resource must have; empty = every resource. */
  scope: z.record(z.string(), z.string()).readonly(),
});

export function roleRoutes({ store }: Services): Route[] {
  const { roles } = store.units;
  return [
    route({
      method: "GET",
      url: "/v1/roles",
      summary: "List roles, built-in and custom, with their permissions",
      access: { permission: "roles.read" },
      response: z.object({ roles: z.array(view) }),
      handle: async () => ({ roles: await roles.list() }),
    }),
    route({
      method: "PUT",
      url: "/v1/roles/:name",
      summary: "Add or change a custom role; nobody gives a permission or scope that they do not have",
      access: { permission: "roles.write" },
      params: z.object({ name: thingName }),
      body: z.strictObject({
        description: z.string().max(500).optional(),
        permissions,
        scope: resourceTags.default({}),
      }),
      response: view,
      handle: ({ params, body, caller }) => roles.put({ by: refOf(caller), role: { ...params, ...body } }),
    }),
    route({
      method: "DELETE",
      url: "/v1/roles/:name",
      summary: "Delete a custom role; whoever had it loses it",
      access: { permission: "roles.write" },
      params: namePath,
      response: NOTHING,
      status: 204,
      handle: ({ params, caller }) => roles.delete({ by: refOf(caller), name: params.name }),
    }),
  ];
}
