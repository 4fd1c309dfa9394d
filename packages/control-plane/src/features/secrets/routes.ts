import { MAX_SIGNATURE_TEXT } from "@tidewaiter/toolkit/ssh-certificate/ssh-signature";
import { z } from "zod";
import { NOTHING, type Route, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { ownOf } from "../mandates/own.ts";
import { refOf } from "../principals/routes.ts";
import { idPath, MIN_SECRET_TTL, postgresEndpoint, principalName, secretLimits, thingName } from "../shapes.ts";
import { DEFAULT_SSH_KEY_TTL, MAX_SSH_KEY_TTL, SecretService } from "./service.ts";

const view = z.object({
  id: z.string(),
  kind: z.enum(["password", "certificate", "ssh_certificate", "ssh_key", "browser"]),
  principal: z.string(),
  resource: z.string().nullable(),
  createdAt: z.string(),
  expiresAt: z.string(),
  usesLeft: z.int().nullable(),
  uses: z.int(),
  lastUsedAt: z.string().nullable(),
  clientAddress: z.string().nullable(),
});

export function secretRoutes({ store, deps, now, keyProofs }: Services): Route[] {
  const secrets = new SecretService(store, now, keyProofs);
  return [
    route({
      method: "POST",
      url: "/v1/connection-secrets",
      summary: "Make a connection secret for a native client: shown now and never again",
      access: { permission: "self.write" },
      body: z.strictObject({
        resource: thingName.optional(),
        ...secretLimits,
        /** An AI agent that acts for the caller; for an administrator any AI agent or service. */
        forPrincipal: principalName.optional(),
      }),
      response: z.object({
        id: z.string(),
        username: z.string(),
        secret: z.string(),
        expiresAt: z.string(),
        resource: z.string().nullable(),
        endpoint: postgresEndpoint,
      }),
      status: 201,
      async handle({ body, caller }) {
        const { id, principal, secret, expiresAt, resource } = await secrets.create(caller, body);
        return { id, username: principal, secret, expiresAt, resource, endpoint: deps.endpoints().postgres };
      },
    }),
    route({
      method: "POST",
      url: "/v1/connection-secrets/ssh-keys/challenge",
      summary: "What the holder of an SSH key signs to register it: ssh-keygen -Y sign -n tidewaiter",
      access: { permission: "self.write" },
      response: z.object({ challenge: z.string(), expiresAt: z.string() }),
      handle: async ({ caller }) => keyProofs.challenge(caller.id),
    }),
    route({
      method: "POST",
      url: "/v1/connection-secrets/ssh-keys",
      summary: "Register the public key of an SSH client: its holder is the caller until it ends",
      access: { permission: "self.write" },
      body: z.strictObject({
        publicKey: z.string().min(1).max(16_384),
        challenge: z.string().min(1).max(512),
        /** Of the key over the challenge, as `ssh-keygen -Y sign -n tidewaiter` writes it. */
        signature: z.string().min(1).max(MAX_SIGNATURE_TEXT),
        resource: thingName.optional(),
        ttlSeconds: z.int().min(MIN_SECRET_TTL).max(MAX_SSH_KEY_TTL).default(DEFAULT_SSH_KEY_TTL),
      }),
      response: view.extend({ fingerprint: z.string() }),
      status: 201,
      handle: ({ body, caller }) => secrets.registerSshKey(caller, body),
    }),
    route({
      method: "GET",
      url: "/v1/connection-secrets",
      summary: "List live connection secrets: the caller's and those of AI agents that act for them, or all",
      access: { permission: "self.read" },
      query: z.strictObject({ all: z.stringbool().default(false) }),
      response: z.object({ secrets: z.array(view) }),
      async handle({ query, caller, can }) {
        const everyone = query.all && can("connection_secrets.read_all");
        return { secrets: await store.units.secrets.list({ own: everyone ? undefined : ownOf(caller) }) };
      },
    }),
    route({
      method: "DELETE",
      url: "/v1/connection-secrets/:id",
      summary: "Revoke a connection secret; sessions opened with it end",
      access: { permission: "self.write" },
      params: idPath,
      response: NOTHING,
      status: 204,
      handle: ({ params, caller, can }) => {
        const own = can("principals.write") ? undefined : ownOf(caller);
        return store.units.secrets.revoke({ by: refOf(caller), id: params.id, own });
      },
    }),
  ];
}
