import { z } from "zod";
import { NOTHING, type Route, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { refOf } from "../principals/routes.ts";
import { namePath, thingName } from "../shapes.ts";

const view = z.object({
  id: z.string(),
  name: z.string(),
  online: z.boolean(),
  lastSeen: z.string().optional(),
  version: z.string().optional(),
  joinedAt: z.string(),
  gateways: z
    .array(
      z.object({
        gatewayId: z.string(),
        online: z.boolean(),
        lastSeen: z.string(),
        version: z.string(),
        data: z.record(z.string(), z.union([z.string(), z.number()])).readonly(),
      }),
    )
    .readonly(),
});

/** RFC 8037. */
const publicKey = z.object({
  kty: z.literal("OKP"),
  crv: z.literal("Ed25519"),
  x: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
});

export function agentRoutes({ agents, store, grantKeys, joinAttempts, deps }: Services): Route[] {
  return [
    route({
      method: "GET",
      url: "/v1/agents",
      summary: "List agents, their version and where they are online",
      access: { permission: "agents.read" },
      response: z.object({ agents: z.array(view) }),
      handle: async () => ({ agents: await store.units.agents.list() }),
    }),
    route({
      method: "POST",
      url: "/v1/agents/tokens",
      summary: "Make a join token: for one agent, once, shown now and never again",
      access: { permission: "agents.write" },
      body: z.strictObject({
        name: thingName,
        /** Seconds; default an hour, at most a week. */
        expiresIn: z.int().min(60).max(604_800).default(3600),
      }),
      response: z.object({ token: z.string(), expiresAt: z.string() }),
      status: 201,
      handle: ({ body, caller }) => agents.createToken(refOf(caller), body.name, body.expiresIn),
    }),
    route({
      method: "POST",
      url: "/v1/agents/join",
      summary: "Trade a join token for an identity: the agent's own Ed25519 key",
      access: { public: true },
      body: z.strictObject({
        token: z.string().min(1).max(200),
        publicKey,
        /** Only for the agent's own log: the token decides. */
        name: z.string().max(63).optional(),
        version: z.string().min(1).max(50),
      }),
      response: z.object({
        agentId: z.string(),
        name: z.string(),
        grantKeys: z.object({ keys: z.array(z.record(z.string(), z.unknown())).readonly() }),
        gatewayId: z.string(),
        tunnelUrls: z.array(z.string()).readonly(),
      }),
      status: 201,
      async handle({ body, address }) {
        joinAttempts.check(address, "join");
        const { id: agentId, name } = await agents.join(body);
        joinAttempts.succeeded(address, "join");
        const { gatewayId, tunnelUrls } = deps.endpoints();
        return { agentId, name, grantKeys: { keys: await grantKeys.publicKeys() }, gatewayId, tunnelUrls };
      },
    }),
    route({
      method: "DELETE",
      url: "/v1/agents/:name",
      summary: "Remove an agent; sessions through it end and it may not connect again",
      access: { permission: "agents.write" },
      params: namePath,
      response: NOTHING,
      status: 204,
      handle: ({ params, caller }) => store.units.agents.delete({ by: refOf(caller), name: params.name }),
    }),
  ];
}
