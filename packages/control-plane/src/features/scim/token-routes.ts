import { z } from "zod";
import { NOTHING, type Route, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { refOf } from "../principals/routes.ts";
import { thingName } from "../shapes.ts";
import { TOKEN_LIFE_SECONDS } from "./service.ts";

const DAY_SECONDS = 24 * 3600;

const provider = z.object({ name: thingName });

export function scimTokenRoutes({ store, scim }: Services): Route[] {
  const { scimTokens } = store.units;
  return [
    route({
      method: "GET",
      url: "/v1/identity-providers/:name/scim-tokens",
      summary: "List the tokens by which a provider pushes people and groups",
      access: { permission: "scim_tokens.write" },
      params: provider,
      response: z.object({
        tokens: z.array(
          z.object({
            id: z.string(),
            createdAt: z.string(),
            createdBy: z.string(),
            expiresAt: z.string(),
            lastUsedAt: z.string().nullable(),
          }),
        ),
      }),
      handle: async ({ params }) => ({ tokens: await scimTokens.list({ provider: params.name }) }),
    }),
    route({
      method: "POST",
      url: "/v1/identity-providers/:name/scim-tokens",
      summary: "Make a token for SCIM, shown once; older ones end after the overlap",
      access: { permission: "scim_tokens.write" },
      params: provider,
      body: z.strictObject({
        lifeSeconds: z.int().min(60).max(TOKEN_LIFE_SECONDS).default(TOKEN_LIFE_SECONDS),
        /** How long the tokens before it still work, so that the provider can be given the new one. */
        overlapSeconds: z
          .int()
          .min(0)
          .max(30 * DAY_SECONDS)
          .default(DAY_SECONDS),
      }),
      response: z.object({ id: z.string(), token: z.string(), expiresAt: z.string(), olderUntil: z.string() }),
      status: 201,
      handle: ({ params, body, caller }) => scim.issueToken(refOf(caller), params.name, body),
    }),
    route({
      method: "DELETE",
      url: "/v1/identity-providers/:name/scim-tokens/:id",
      summary: "End a token for SCIM at once",
      access: { permission: "scim_tokens.write" },
      params: provider.extend({ id: z.string().min(1).max(100) }),
      response: NOTHING,
      status: 204,
      handle: ({ params, caller }) => scimTokens.revoke({ by: refOf(caller), provider: params.name, id: params.id }),
    }),
  ];
}
