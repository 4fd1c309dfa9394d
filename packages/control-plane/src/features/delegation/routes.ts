import { TidewaiterError } from "@tidewaiter/core/errors";
import { newId } from "@tidewaiter/core/ids";
import { z } from "zod";
import { NOTHING, type Route, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { requireNoMandate } from "../api-keys/routes.ts";
import { loginName } from "../mandates/login-name.ts";
import { hashMandateSecret, newMandateSecret } from "../mandates/mandate.ts";
import { mandateView, scopeShape } from "../mandates/shapes.ts";
import { refOf } from "../principals/routes.ts";
import { auditAbsence } from "../secrets/presence.ts";
import { idPath, principalName } from "../shapes.ts";

/** A working day: an agent that runs longer is started anew. */
const MAX_LIFE_S = 12 * 3600;

const view = mandateView.extend({ username: z.string() });

export function delegationRoutes({ store, now }: Services): Route[] {
  const { delegations, mandates } = store.units;
  return [
    route({
      method: "POST",
      url: "/v1/delegations",
      summary:
        "Let an AI agent act for the caller for a while, with what both may do: the token is shown now and never again",
      access: { permission: "self.write" },
      body: z.strictObject({
        agent: principalName,
        purpose: z.string().trim().max(200).default(""),
        ttlSeconds: z.int().min(60).max(MAX_LIFE_S).default(3600),
        ...scopeShape,
      }),
      response: view.extend({ token: z.string() }),
      status: 201,
      async handle({ body, caller }) {
        requireNoMandate(caller);
        const { ttlSeconds, ...wanted } = body;
        const token = newMandateSecret("delegation");
        const expiresAt = new Date(now() + ttlSeconds * 1000).toISOString();
        const fields = {
          id: newId("dlg"),
          secretHash: hashMandateSecret(token),
          expiresAt,
          signInId: caller.signInId,
        };
        const making = delegations.create({ by: refOf(caller), delegation: { ...wanted, ...fields } });
        const what = `delegation to ${body.agent}`;
        const made = await auditAbsence(store.units.audit.append, caller, what, making);
        return { ...withUsername(made), token };
      },
    }),
    route({
      method: "GET",
      url: "/v1/delegations",
      summary: "List what the caller has delegated to AI agents, or all delegations for those who may read them",
      access: { permission: "self.read" },
      query: z.strictObject({ all: z.stringbool().default(false), dead: z.stringbool().default(false) }),
      response: z.object({ delegations: z.array(view) }),
      async handle({ query, caller, can }) {
        requireNoMandate(caller);
        const everyone = query.all && can("delegations.read_all");
        const ownerId = everyone ? undefined : caller.id;
        const found = await mandates.list({ type: "delegation", ownerId, dead: query.dead });
        return { delegations: found.map(withUsername) };
      },
    }),
    route({
      method: "DELETE",
      url: "/v1/delegations/:id",
      summary: "End a delegation, by its person, by an administrator or by the agent itself; its sessions end",
      access: { permission: "self.write" },
      params: idPath,
      response: NOTHING,
      status: 204,
      async handle({ params, caller, can }) {
        const { mandate } = caller;
        if (mandate !== undefined && mandate.id !== params.id && !can("principals.write")) {
          throw new TidewaiterError("not_found", `there is no delegation ${params.id}`);
        }
        const anybodys = mandate !== undefined || can("principals.write");
        const ownerId = anybodys ? undefined : caller.id;
        await mandates.revoke({ by: refOf(caller), type: "delegation", id: params.id, ownerId });
      },
    }),
  ];
}

function withUsername<View extends { principal: string; onBehalfOf: string | null }>(made: View) {
  return { ...made, username: loginName(made.principal, made.onBehalfOf) };
}
