import { z } from "zod";
import { PERMISSIONS } from "../../permissions.ts";
import { accessLevel, thingName } from "../shapes.ts";

/** What a mandate leaves of its principal's rights; a part that is left out is not limited. */
export const scopeShape = {
  permissions: z.array(z.enum(PERMISSIONS)).max(PERMISSIONS.length).optional(),
  resources: z.array(thingName).min(1).max(100).optional(),
  level: accessLevel.optional(),
};

export const mandateView = z.object({
  id: z.string(),
  name: z.string(),
  principal: z.string(),
  onBehalfOf: z.string().nullable(),
  permissions: z.array(z.string()).readonly().nullable(),
  resources: z.array(z.string()).readonly().nullable(),
  level: accessLevel.nullable(),
  state: z.enum(["live", "revoked", "expired"]),
  createdBy: z.string(),
  createdAt: z.string(),
  expiresAt: z.string(),
  lastUsedAt: z.string().nullable(),
  lastUsedFrom: z.string().nullable(),
});
