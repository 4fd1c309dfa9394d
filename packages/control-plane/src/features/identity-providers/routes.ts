import { z } from "zod";
import { NOTHING, type Route, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { refOf } from "../principals/routes.ts";
import { principalName, thingName } from "../shapes.ts";
import { checkProvider } from "./check-provider.ts";

const identity = z.object({
  provider: z.string(),
  subject: z.string(),
  username: z.string(),
  principal: z.string(),
  createdAt: z.string(),
  lastSignInAt: z.string().nullable(),
  validatedAt: z.string().nullable(),
});

const subject = z.string().min(1).max(512);

const check = z.object({
  provider: z.string(),
  issuer: z.string(),
  state: z.enum(["reachable", "unreachable"]),
  /** Since when it cannot be asked. */
  unreachableSince: z.string().nullable(),
  problem: z.string().nullable(),
  revalidation: z.enum(["refresh", "userinfo", "none"]),
  everySeconds: z.int(),
  backChannelLogout: z.boolean(),
  /** People who are signed in by it, and those of them about whom it cannot be asked. */
  signedIn: z.int(),
  notAskable: z.int(),
  /** How long somebody who left may keep what they have at the worst, when the provider pushes nothing. */
  worstCaseSeconds: z.int(),
  because: z.string(),
});

export function identityProviderRoutes(services: Services): Route[] {
  const { store } = services;
  const { identities, identityProviders } = store.units;
  return [
    route({
      method: "GET",
      url: "/v1/identity-providers",
      summary: "List identity providers with their settings, which hold no secret",
      access: { permission: "identity_providers.read" },
      response: z.object({
        providers: z.array(
          z.object({
            name: z.string(),
            settings: z.record(z.string(), z.unknown()),
            updatedAt: z.string(),
            unreachableSince: z.string().nullable(),
          }),
        ),
      }),
      handle: async () => ({
        providers: (await identityProviders.list()).map((row) => ({ ...row, settings: { ...row.settings } })),
      }),
    }),
    route({
      method: "GET",
      url: "/v1/identity-providers/check",
      summary: "Ask each identity provider, and tell how long somebody who left keeps what they have at the worst",
      access: { permission: "identity_providers.read" },
      response: z.object({ checks: z.array(check) }),
      async handle() {
        const rows = await identityProviders.list();
        return { checks: await Promise.all(rows.map((row) => checkProvider(services, row))) };
      },
    }),
    route({
      method: "GET",
      url: "/v1/identities",
      summary: "List who is which principal at which identity provider",
      access: { permission: "principals.read" },
      query: z.strictObject({ principal: principalName.optional() }),
      response: z.object({ identities: z.array(identity) }),
      handle: async ({ query }) => ({ identities: await identities.list(query) }),
    }),
    route({
      method: "POST",
      url: "/v1/identities",
      summary: "Link a subject of an identity provider to a user",
      access: { permission: "principals.write" },
      body: z.strictObject({ provider: thingName, subject, principal: principalName }),
      response: NOTHING,
      status: 204,
      handle: ({ body, caller }) => identities.link({ by: refOf(caller), ...body }),
    }),
    route({
      method: "POST",
      url: "/v1/identities/unlink",
      summary: "Unlink a subject: its sign-ins end, and with them live sessions",
      access: { permission: "principals.write" },
      body: z.strictObject({ provider: thingName, subject }),
      response: NOTHING,
      status: 204,
      handle: ({ body, caller }) => identities.unlink({ by: refOf(caller), ...body }),
    }),
  ];
}
