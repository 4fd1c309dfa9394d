import { z } from "zod";
import { allowedPaths, safeUrl } from "../setting-shapes.ts";

export const awsRegion = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, "a region such as eu-west-1");

export const awsSettings = z.strictObject({
  /** Where a reference does not say its own. */
  region: awsRegion.optional(),
  /** `auto`: the first that there is of env, web_identity, imds. */
  credentials: z.enum(["auto", "env", "web_identity", "imds"]).default("auto"),
  /** Of VPC endpoints; default the public one of the service and region. */
  endpoints: z
    .strictObject({ secretsmanager: safeUrl.optional(), kms: safeUrl.optional(), sts: safeUrl.optional() })
    .default({}),
  allow: allowedPaths,
});

export type AwsSettings = z.output<typeof awsSettings>;
