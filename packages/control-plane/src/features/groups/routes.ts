import { z } from "zod";
import { NOTHING, type Route, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { refOf } from "../principals/routes.ts";
import { namePath, principalName, roles, thingName } from "../shapes.ts";

const view = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  members: z.array(z.string()).readonly(),
  /** By the name of the identity provider that gives them. */
  providedMembers: z.record(z.string(), z.array(z.string()).readonly()),
  /** Every member has them. */
  roles: z.array(z.string()).readonly(),
});

const description = z.string().max(500).optional();
const members = z.array(principalName).max(10_000);

export function groupRoutes({ store }: Services): Route[] {
  const { groups } = store.units;
  return [
    route({
      method: "GET",
      url: "/v1/groups",
      summary: "List groups and their members",
      access: { permission: "groups.read" },
      response: z.object({ groups: z.array(view) }),
      handle: async () => ({ groups: await groups.list() }),
    }),
    route({
      method: "POST",
      url: "/v1/groups",
      summary: "Add a group",
      access: { permission: "groups.write" },
      body: z.strictObject({ name: thingName, description, members: members.optional(), roles: roles.optional() }),
      response: view,
      status: 201,
      handle: ({ body, caller }) => groups.create({ by: refOf(caller), group: body }),
    }),
    route({
      method: "PUT",
      url: "/v1/groups/:name",
      summary: "Add a group, or change its description or the roles of its members",
      access: { permission: "groups.write" },
      params: z.object({ name: thingName }),
      body: z.strictObject({ description, roles: roles.optional() }),
      response: view,
      handle: ({ params, body, caller }) => groups.put({ by: refOf(caller), group: { ...params, ...body } }),
    }),
    route({
      method: "DELETE",
      url: "/v1/groups/:name",
      summary: "Delete a group and the grants to it",
      access: { permission: "groups.write" },
      params: namePath,
      response: NOTHING,
      status: 204,
      handle: ({ params, caller }) => groups.delete({ by: refOf(caller), name: params.name }),
    }),
    route({
      method: "PUT",
      url: "/v1/groups/:name/members",
      summary: "Replace the members that a group has locally; those of identity providers stay",
      access: { permission: "groups.write" },
      params: namePath,
      body: z.strictObject({ members }),
      bodyLimit: 1024 * 1024,
      response: view,
      handle: ({ params, body, caller }) => groups.setMembers({ by: refOf(caller), ...params, ...body }),
    }),
  ];
}
