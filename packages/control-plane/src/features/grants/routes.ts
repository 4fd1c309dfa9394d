import { z } from "zod";
import { NOTHING, outOfScope, type Route, route } from "../../http/route.ts";
import type { Scope } from "../../permissions.ts";
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
  /** The access request that it was made for. */
  requestId: z.string().nullable(),
});

export function grantRoutes({ store }: Services): Route[] {
  const { grants, resources } = store.units;
  /** Of the one resource, or of all that the grant selects; a resource that is gone is in nobody's scope. */
  const tagsOf = async ({ resource, tags }: GrantPlace) =>
    (resource ? await resources.tagsOf({ name: resource }) : tags) ?? {};
  return [
    route({
      method: "GET",
      url: "/v1/grants",
      summary: "List grants",
      access: { permission: "grants.read" },
      scoped: true,
      response: z.object({ grants: z.array(view) }),
      async handle({ can }) {
        const all = await grants.list();
        if (can("grants.read")) return { grants: all };
        const reached = await Promise.all(all.map(async (grant) => can("grants.read", await tagsOf(grant))));
        return { grants: all.filter((_, index) => reached[index]) };
      },
    }),
    route({
      method: "POST",
      url: "/v1/grants",
      summary: "Grant a principal or group access to a resource, or to all with some tags",
      access: { permission: "grants.write" },
      scoped: true,
      body: z
        .strictObject({ name: thingName.optional(), ...grantShape })
        .refine(oneSubject.check, oneSubject.message)
        .refine(oneResourceOrTags.check, oneResourceOrTags.message),
      response: view,
      status: 201,
      async handle({ body, caller, can }) {
        if (!can("grants.write") && !can("grants.write", await tagsOf(body))) throw outOfScope("grants.write");
        return grants.create({ by: refOf(caller), grant: body });
      },
    }),
    route({
      method: "DELETE",
      url: "/v1/grants/:id",
      summary: "Remove a grant by id or name; sessions opened on it end",
      access: { permission: "grants.write" },
      scoped: true,
      params: idPath,
      response: NOTHING,
      status: 204,
      async handle({ params, caller, can }) {
        const grant = can("grants.write") ? undefined : await grants.get(params);
        if (grant !== undefined && !can("grants.write", await tagsOf(grant))) throw outOfScope("grants.write");
        await grants.delete({ by: refOf(caller), id: params.id });
      },
    }),
  ];
}

interface GrantPlace {
  readonly resource?: string | null | undefined;
  readonly tags?: Scope | null | undefined;
}
