import { z } from "zod";
import { allowedPaths, localSecret, mountPath, safeUrl } from "../../setting-shapes.ts";

const auth = z.discriminatedUnion("method", [
  z.strictObject({ method: z.literal("token"), token: localSecret }),
  z.strictObject({
    method: z.literal("approle"),
    mount: mountPath.default("approle"),
    roleId: z.string().min(1).max(200),
    secretId: localSecret,
  }),
  z.strictObject({
    method: z.literal("kubernetes"),
    mount: mountPath.default("kubernetes"),
    role: z.string().min(1).max(200),
    token: localSecret.default("file:/var/run/secrets/kubernetes.io/serviceaccount/token"),
  }),
  z.strictObject({
    method: z.literal("jwt"),
    mount: mountPath.default("jwt"),
    role: z.string().min(1).max(200),
    token: localSecret,
  }),
]);

export const vaultSettings = z.strictObject({
  address: safeUrl,
  namespace: z.string().min(1).max(200).optional(),
  caFile: z.string().startsWith("/").optional(),
  auth,
  /** Paths that references may name; `secret/data/shop/*`. */
  allow: allowedPaths,
});

export type VaultSettings = z.output<typeof vaultSettings>;
export type VaultAuth = VaultSettings["auth"];
