import type { TargetSchema } from "@tidewaiter/core";
import { parseTarget } from "@tidewaiter/core/target-schema";
import { z } from "zod";

const hostKey = z
  .string()
  .regex(
    /^(SHA256:[A-Za-z0-9+/]{43}|(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+={0,2}( .*)?)$/,
    "a fingerprint as SHA256:..., or a public key as in known_hosts",
  );

/** Where an SSH server is, as the agent sees it, and how it is known. Credentials are kept elsewhere. */
const schema = z.strictObject({
  host: z
    .string()
    .min(1)
    .max(253)
    .regex(/^[A-Za-z0-9._:[\]-]+$/, "a host name or an address")
    .describe("Host name or address, resolved by the agent at each dial"),
  port: z.int().min(1).max(65535).default(22),
  hostKeys: z
    .array(hostKey)
    .max(16)
    .describe("Keys that the host may show: fingerprints or public keys. tw resources check shows what it has")
    .default([]),
  hostAuthorities: z
    .array(z.string().regex(/^ssh-ed25519 [A-Za-z0-9+/]+={0,2}( .*)?$/, "an Ed25519 public key of an authority"))
    .max(16)
    .describe("Authorities (Ed25519) whose host certificates are good for the host's name, in place of hostKeys")
    .default([]),
  algorithms: z
    .enum(["modern", "legacy"])
    .describe("`legacy` also allows SHA-1, CBC and small groups, for old devices")
    .default("modern"),
});

export type SshTarget = z.infer<typeof schema>;

export const sshTargetSchema: TargetSchema<SshTarget> = {
  parse: (value) => parseTarget(schema, value),
  jsonSchema: z.toJSONSchema(schema, { io: "input" }),
  credentialTypes: ["password", "ssh_key", "ssh_certificate"],
  address: (target) => `${target.host}:${target.port}`,
};
