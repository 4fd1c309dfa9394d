import { z } from "zod";
import { NOTHING, type Route, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { accessLevel, postgresEndpoint, principalIdentity } from "../shapes.ts";
import { MAX_PASSWORD } from "./password.ts";

const endpointsShape = z.object({
  postgres: postgresEndpoint,
  ssh: z
    .object({ host: z.string(), port: z.int(), hostKey: z.string(), hostAuthority: z.string().optional() })
    .optional(),
  kubernetes: z.object({ host: z.string(), port: z.int(), caPem: z.string(), domain: z.string() }).optional(),
  web: z.string(),
});

/** What a command line gets when somebody has signed in. */
export const grantedTokens = z.object({
  accessToken: z.string(),
  expiresAt: z.string(),
  /** Counts once, for the next tokens. */
  refreshToken: z.string(),
  /** When one has to sign in again, however often it was refreshed. */
  signInExpiresAt: z.string(),
  principal: principalIdentity,
  roles: z.array(z.string()).readonly(),
});

export function loginRoutes({ login, factors, store, deps }: Services): Route[] {
  return [
    route({
      method: "POST",
      url: "/v1/login",
      summary: "Sign in with name and password",
      access: { public: true },
      body: z.strictObject({
        name: z.string().min(1).max(63),
        password: z.string().min(1).max(MAX_PASSWORD),
        /** Of an authenticator app, for whoever has one. */
        code: z.string().max(20).optional(),
        recoveryCode: z.string().max(60).optional(),
      }),
      response: grantedTokens,
      async handle({ body, address }) {
        const first = await login.checkPassword(body.name, body.password, address);
        return login.signIn(await factors.complete(first, body));
      },
    }),
    route({
      method: "POST",
      url: "/v1/logout",
      summary: "Sign out: end the sign-in of this request, and all tokens and connection secrets made with it",
      access: { permission: "self.read" },
      response: NOTHING,
      status: 204,
      handle: ({ caller }) => login.logout(caller),
    }),
    route({
      method: "GET",
      url: "/v1/me",
      summary: "Who am I, where do I connect, what may I reach?",
      access: { permission: "self.read" },
      response: z.object({
        principal: principalIdentity,
        roles: z.array(z.string()).readonly(),
        groups: z.array(z.string()).readonly(),
        /** Until when the proof of this request holds. */
        tokenExpiresAt: z.string(),
        provider: z.string(),
        authenticatedAt: z.string(),
        /** RFC 8176. */
        methods: z.array(z.string()).readonly(),
        /** Since when the provider cannot be asked: nothing new is given meanwhile. */
        identityUnconfirmedSince: z.string().nullable(),
        endpoints: endpointsShape,
        grants: z.array(z.object({ resource: z.string(), level: accessLevel })),
      }),
      async handle({ caller }) {
        const { principal, roles, expiresAt: tokenExpiresAt, provider, authenticatedAt, methods } = caller;
        const grants = await store.units.grants.reachable({ principalId: caller.id, mandateId: caller.mandate?.id });
        const silent = await store.units.identityProviders.get({ name: provider });
        const identityUnconfirmedSince = silent?.unreachableSince ?? null;
        const proof = { tokenExpiresAt, provider, authenticatedAt, methods, identityUnconfirmedSince };
        return { principal, roles, groups: principal.groups, ...proof, endpoints: deps.endpoints(), grants };
      },
    }),
  ];
}
