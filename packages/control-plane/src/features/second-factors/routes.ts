import { TidewaiterError } from "@tidewaiter/core/errors";
import { z } from "zod";
import { NOTHING, type Route, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { MAX_PASSWORD } from "../login/password.ts";
import { refOf } from "../principals/routes.ts";
import { namePath } from "../shapes.ts";

const status = z.object({
  totp: z.object({ since: z.string() }).optional(),
  passkeys: z.array(
    z.object({ id: z.string(), name: z.string(), createdAt: z.string(), lastUsedAt: z.string().nullable() }),
  ),
  recoveryCodes: z.int(),
});

export function secondFactorRoutes({ factors, stepUpLinks, store }: Services): Route[] {
  return [
    route({
      method: "GET",
      url: "/v1/me/second-factors",
      summary: "Your own second factors; they are added in the browser, at /account/second-factors",
      access: { permission: "self.read" },
      response: status,
      handle: async ({ caller }) => shown(await factors.status(caller.id)),
    }),
    route({
      method: "POST",
      url: "/v1/step-up",
      summary: "Prove once more that it is you: by a code or, without second factors, by the password",
      access: { permission: "self.write" },
      body: z.strictObject({
        code: z.string().max(20).optional(),
        recoveryCode: z.string().max(60).optional(),
        password: z.string().max(MAX_PASSWORD).optional(),
      }),
      response: NOTHING,
      status: 204,
      async handle({ caller, body, address }) {
        const methods = await factors.prove(caller, body, address);
        await store.units.factors.steppedUp({ signInId: caller.signInId ?? "", methods });
      },
    }),
    route({
      method: "POST",
      url: "/v1/step-up/links",
      summary: "A link to open in a browser, where you prove that it is you for the sign-in of this request",
      access: { permission: "self.write" },
      response: z.object({ id: z.string(), url: z.string(), expiresAt: z.string() }),
      status: 201,
      handle: ({ caller, address }) => stepUpLinks.make(caller, address),
    }),
    route({
      method: "GET",
      url: "/v1/step-up/links/:id",
      summary: "Was the link used?",
      access: { permission: "self.read" },
      params: z.object({ id: z.string().regex(/^[\w-]{43}$/) }),
      response: z.object({ completed: z.boolean() }),
      async handle({ caller, params }) {
        const link = await stepUpLinks.find(params.id, caller.id);
        if (link === undefined) throw new TidewaiterError("not_found", "the link is out of date");
        return { completed: link.completedAt !== null };
      },
    }),
    route({
      method: "GET",
      url: "/v1/principals/:name/second-factors",
      summary: "Second factors of a principal",
      access: { permission: "principals.read" },
      params: namePath,
      response: status,
      handle: async ({ params }) => shown(await store.units.factors.statusByName(params)),
    }),
    route({
      method: "DELETE",
      url: "/v1/principals/:name/second-factors",
      summary: "Take all second factors of a person who lost them; whoever is signed in as that person is signed out",
      access: { permission: "principals.write" },
      params: namePath,
      response: NOTHING,
      status: 204,
      handle: ({ params, caller }) => store.units.factors.reset({ by: refOf(caller), name: params.name }),
    }),
  ];
}

function shown({ totp, passkeys, recoveryCodes }: Awaited<ReturnType<Services["factors"]["status"]>>) {
  return { ...(totp === undefined ? {} : { totp }), passkeys: [...passkeys], recoveryCodes };
}
