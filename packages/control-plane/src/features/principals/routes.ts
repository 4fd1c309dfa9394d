import { z } from "zod";
import { NOTHING, type Route, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { hashPassword, MAX_PASSWORD, MIN_PASSWORD } from "../login/password.ts";
import type { Caller } from "../login/service.ts";
import { attributes, namePath, principalKind, principalName, roles } from "../shapes.ts";
import type { PrincipalRef } from "./store.ts";

const view = z.object({
  id: z.string(),
  name: z.string(),
  kind: principalKind,
  roles: z.array(z.string()).readonly(),
  disabled: z.boolean(),
  /** The identity provider that says it has left. */
  suspendedBy: z.string().nullable(),
  groups: z.array(z.string()).readonly(),
  onBehalfOf: z.string().nullable(),
  attributes: z.record(z.string(), z.string()).readonly(),
  hasPassword: z.boolean(),
  createdAt: z.string(),
});

export const newPassword = z
  .string()
  .min(MIN_PASSWORD, `at least ${MIN_PASSWORD} characters`)
  .max(MAX_PASSWORD, `at most ${MAX_PASSWORD} characters`);

export function principalRoutes({ store }: Services): Route[] {
  const { principals } = store.units;
  return [
    route({
      method: "GET",
      url: "/v1/principals",
      summary: "List principals",
      access: { permission: "principals.read" },
      response: z.object({ principals: z.array(view) }),
      handle: async () => ({ principals: await principals.list() }),
    }),
    route({
      method: "POST",
      url: "/v1/principals",
      summary: "Add a user, a service or an AI agent",
      access: { permission: "principals.write" },
      body: z.strictObject({
        name: principalName,
        kind: principalKind.default("user"),
        roles: roles.default(["user"]),
        disabled: z.boolean().default(false),
        /** The user that an AI agent acts for. */
        onBehalfOf: principalName.optional(),
        attributes: attributes.default({}),
        password: newPassword.optional(),
      }),
      response: view,
      status: 201,
      async handle({ body, caller }) {
        const { password, onBehalfOf, ...fields } = body;
        const owner = onBehalfOf === undefined ? {} : { onBehalfOf };
        const secret = password === undefined ? {} : { passwordHash: await hashPassword(password) };
        return principals.create({ by: refOf(caller), principal: { ...fields, ...owner, ...secret } });
      },
    }),
    route({
      method: "GET",
      url: "/v1/principals/:name",
      summary: "Show a principal",
      access: { permission: "principals.read" },
      params: namePath,
      response: view,
      handle: ({ params }) => principals.get(params),
    }),
    route({
      method: "PATCH",
      url: "/v1/principals/:name",
      summary: "Change roles, disable or enable, or say whom an AI agent acts for",
      access: { permission: "principals.write" },
      params: namePath,
      body: z.strictObject({
        roles: roles.optional(),
        disabled: z.boolean().optional(),
        onBehalfOf: principalName.nullable().optional(),
        attributes: attributes.optional(),
      }),
      response: view,
      handle: ({ params, body, caller }) => principals.update({ by: refOf(caller), name: params.name, patch: body }),
    }),
    route({
      method: "DELETE",
      url: "/v1/principals/:name",
      summary: "Delete a principal; its live sessions end",
      access: { permission: "principals.write" },
      params: namePath,
      response: NOTHING,
      status: 204,
      handle: ({ params, caller }) => principals.delete({ by: refOf(caller), name: params.name }),
    }),
    route({
      method: "PUT",
      url: "/v1/principals/:name/password",
      summary: "Set a password; every sign-in of the principal ends, with what was made by it",
      access: { permission: "principals.write" },
      params: namePath,
      body: z.strictObject({ password: newPassword }),
      response: NOTHING,
      status: 204,
      async handle({ params, body, caller }) {
        const passwordHash = await hashPassword(body.password);
        await principals.setPassword({ by: refOf(caller), name: params.name, passwordHash });
      },
    }),
  ];
}

/**
 * Who did it and what they may do, for the store and its audit log: an AI agent is named with its person, and whoever
 * came with a key with that.
 */
export function refOf(caller: Pick<Caller, "id" | "name" | "principal" | "mandate" | "rights">): PrincipalRef {
  const { id, name, principal, mandate, rights } = caller;
  const person = principal.onBehalfOf === undefined ? "" : ` for ${principal.onBehalfOf.name}`;
  return {
    id,
    name: `${name}${person}${mandate === undefined ? "" : ` with ${mandate.id}`}`,
    rights,
    ownerId: principal.onBehalfOf?.id,
  };
}
