import { TidewaiterError } from "@tidewaiter/core/errors";
import { z } from "zod";
import { type Route, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { requestOption } from "../access-requests/routes.ts";
import { accessLevel, instant, principalKind, principalName, thingName } from "../shapes.ts";

const LIMIT = 10_000;

const reach = z.object({
  principal: z.string(),
  kind: principalKind,
  onBehalfOf: z.string().nullable(),
  resource: z.string(),
  level: accessLevel,
  by: z.array(z.object({ grant: z.string(), to: z.string(), until: z.string().nullable() })).readonly(),
});

const step = z.object({
  ok: z.boolean().nullable(),
  what: z.enum(["principal", "groups", "resource", "grant", "person", "level", "credential", "agent", "request"]),
  text: z.string(),
});

export function accessRoutes({ store, now }: Services): Route[] {
  const { access, principals } = store.units;
  return [
    route({
      method: "GET",
      url: "/v1/access",
      summary: "Who may reach what, now or as it was at an instant",
      access: { permission: "grants.read" },
      scoped: true,
      query: z.strictObject({
        at: instant.optional(),
        resource: thingName.optional(),
        principal: principalName.optional(),
      }),
      response: z.object({ at: z.string(), access: z.array(reach), truncated: z.boolean() }),
      async handle({ query, can }) {
        const at = query.at ?? new Date(now()).toISOString();
        const all = (await access.list({ ...query, at })).filter(({ tags }) => can("grants.read", tags));
        return { at, access: all.slice(0, LIMIT), truncated: all.length > LIMIT };
      },
    }),
    route({
      method: "GET",
      url: "/v1/access/explain",
      summary:
        "Why somebody may, or may not, reach a resource; of oneself and one's AI agents, or of all for those who may read grants",
      access: { permission: "access.explain" },
      query: z.strictObject({ as: principalName.optional(), resource: thingName, level: accessLevel.optional() }),
      response: z.object({
        principal: z.string(),
        resource: z.string(),
        allowed: z.boolean(),
        level: accessLevel.nullable(),
        steps: z.array(step).readonly(),
        requests: z.array(requestOption).readonly(),
      }),
      async handle({ query, caller, can }) {
        const { as: principal = caller.name, resource, level } = query;
        const own = principal === caller.name || (await isOwnAgent(principal, caller.name));
        if (!own && !can("grants.read")) {
          throw new TidewaiterError("permission_missing", "to explain for others needs the permission grants.read");
        }
        return access.explain({ principal, resource, level, reveal: can("grants.read") });
      },
    }),
  ];

  async function isOwnAgent(name: string, person: string): Promise<boolean> {
    const known = await principals.get({ name }).catch(() => undefined);
    return known?.onBehalfOf === person;
  }
}
