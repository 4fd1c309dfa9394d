import { z } from "zod";
import { type Route, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { refOf } from "../principals/routes.ts";
import { documentsShape } from "../shapes.ts";
import { NOUNS } from "./documents.ts";
import { applyDocuments } from "./service.ts";

const change = z.object({
  noun: z.enum(NOUNS),
  name: z.string(),
  action: z.enum(["create", "update", "delete", "none"]),
  diff: z
    .array(z.object({ field: z.string(), before: z.string().nullable(), after: z.string().nullable() }))
    .readonly(),
});

export function applyRoutes({ store, deps, secretResolver }: Services): Route[] {
  return [
    route({
      method: "POST",
      url: "/v1/apply",
      summary:
        "Bring roles, principals, groups, resources, grants, access rules and policies to what documents say: all or nothing",
      access: { permission: "config.apply" },
      body: z.strictObject({ documents: documentsShape, dryRun: z.boolean().default(false) }),
      bodyLimit: 8 * 1024 * 1024,
      response: z.object({
        changes: z.array(change).readonly(),
        policyVersion: z.int(),
        applied: z.boolean(),
        waitsFor: z.array(z.string()).readonly(),
      }),
      handle: ({ body, caller, can }) =>
        applyDocuments({ store, targets: deps.protocols, secretResolver, can }, refOf(caller), body),
    }),
  ];
}
