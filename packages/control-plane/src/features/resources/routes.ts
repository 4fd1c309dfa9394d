import { TidewaiterError } from "@tidewaiter/core/errors";
import { z } from "zod";
import { NOTHING, outOfScope, type Route, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { refOf } from "../principals/routes.ts";
import { accessLevel, namePath, resourceTags, secretRules, thingName } from "../shapes.ts";
import { resolveTarget } from "./target.ts";

const enforce = z.enum(["on", "observe"]);

const rulesView = z.object({
  ttl: z.int().optional(),
  maxTtl: z.int().optional(),
  singleUse: z.boolean().optional(),
  browserTtl: z.int().optional(),
  presence: z.enum(["none", "required"]).optional(),
});

const view = z.object({
  id: z.string(),
  name: z.string(),
  protocol: z.string(),
  tags: z.record(z.string(), z.string()).readonly(),
  target: z.unknown(),
  address: z.string(),
  agent: z.string(),
  enforce,
  secrets: rulesView.nullable(),
  credentials: z
    .array(z.object({ level: accessLevel, type: z.string(), username: z.string(), reference: z.string().nullable() }))
    .readonly(),
});

/** What somebody sees who may only reach it: not where it stands nor as whom one comes there. */
const listed = z.object({
  name: z.string(),
  protocol: z.string(),
  tags: z.record(z.string(), z.string()).readonly(),
  enforce,
  level: accessLevel.nullable(),
  agent: z.string().optional(),
  address: z.string().optional(),
});

const finding = z.object({
  severity: z.enum(["ok", "info", "warning", "problem"]),
  code: z.string(),
  message: z.string(),
  /** What an administrator of the target can do about it. */
  mend: z.string().optional(),
});

export function resourceRoutes({ store, deps }: Services): Route[] {
  const { resources, grants } = store.units;
  return [
    route({
      method: "GET",
      url: "/v1/resources",
      summary: "List the resources that the caller may reach, or all for those who may read them",
      access: { permission: "resources.list" },
      response: z.object({ resources: z.array(listed) }),
      async handle({ caller, can }) {
        const reachable = await grants.reachable({ principalId: caller.id, mandateId: caller.mandate?.id });
        const levels = new Map(reachable.map(({ resource, level }) => [resource, level]));
        const all = await resources.list();
        return {
          resources: all.flatMap(({ name, protocol, tags, enforce, agent, address }) => {
            const shown = { name, protocol, tags, enforce, level: levels.get(name) ?? null };
            if (can("resources.read", tags)) return [{ ...shown, agent, address }];
            return levels.has(name) ? [shown] : [];
          }),
        };
      },
    }),
    route({
      method: "POST",
      url: "/v1/resources",
      summary: "Add a resource",
      access: { permission: "resources.write" },
      scoped: true,
      body: z.strictObject({
        name: thingName,
        protocol: z.string().min(1).max(30),
        tags: resourceTags.default({}),
        target: z.unknown(),
        agent: thingName,
        enforce: enforce.default("on"),
        secrets: secretRules.nullable().default(null),
      }),
      response: view,
      status: 201,
      async handle({ body, caller, can }) {
        if (!can("resources.write", body.tags)) throw outOfScope("resources.write");
        const target = resolveTarget(deps.protocols, body.protocol, body.target);
        return resources.create({ by: refOf(caller), resource: { ...body, ...target } });
      },
    }),
    route({
      method: "GET",
      url: "/v1/resources/:name",
      summary: "Show a resource",
      access: { permission: "resources.read" },
      params: namePath,
      resourceOf: ({ params }) => params.name,
      response: view,
      handle: ({ params }) => resources.get(params),
    }),
    route({
      method: "PATCH",
      url: "/v1/resources/:name",
      summary: "Change a resource; sessions to another address or agent end",
      access: { permission: "resources.write" },
      params: namePath,
      resourceOf: ({ params }) => params.name,
      body: z.strictObject({
        tags: resourceTags.optional(),
        target: z.unknown().optional(),
        agent: thingName.optional(),
        enforce: enforce.optional(),
        secrets: secretRules.nullable().optional(),
      }),
      response: view,
      async handle({ params, body, caller, can }) {
        const before = await resources.get(params);
        // A role that is limited to some resources can neither take one in nor let one go.
        if (!can("resources.write", body.tags ?? before.tags)) throw outOfScope("resources.write");
        const target = body.target === undefined ? {} : resolveTarget(deps.protocols, before.protocol, body.target);
        const { name, protocol, address } = before;
        const { tags = before.tags, agent = before.agent, enforce: mode = before.enforce } = body;
        const { secrets = before.secrets } = body;
        const kept = { name, protocol, address, target: before.target };
        const resource = { ...kept, tags, agent, enforce: mode, secrets, ...target };
        return resources.update({ by: refOf(caller), resource });
      },
    }),
    route({
      method: "DELETE",
      url: "/v1/resources/:name",
      summary: "Delete a resource with its credentials and grants; its live sessions end",
      access: { permission: "resources.write" },
      params: namePath,
      resourceOf: ({ params }) => params.name,
      response: NOTHING,
      status: 204,
      handle: ({ params, caller }) => resources.delete({ by: refOf(caller), name: params.name }),
    }),
    route({
      method: "POST",
      url: "/v1/resources/:name/check",
      summary: "Dial the resource and say what its target role can do that it should not",
      access: { permission: "resources.write" },
      params: namePath,
      resourceOf: ({ params }) => params.name,
      body: z.strictObject({ level: accessLevel.default("read") }),
      response: z.object({ findings: z.array(finding).readonly() }),
      async handle({ params, body }) {
        await resources.get(params);
        if (deps.checkResource === undefined) {
          throw new TidewaiterError("control_plane_lost", "no gateway here can dial the resource");
        }
        return { findings: await deps.checkResource(params.name, body.level) };
      },
    }),
  ];
}
