import type { TargetSchema } from "@tidewaiter/core";
import { parseTarget } from "@tidewaiter/core/target-schema";
import { z } from "zod";

const DEFAULT_PORT = 443;

const server = z
  .url({ protocol: /^https$/, error: "https://HOST[:PORT][/PATH]" })
  .max(512)
  .refine((text) => {
    const { username, password, search, hash } = new URL(text);
    return username === "" && password === "" && search === "" && hash === "";
  }, "an address without user, query and fragment");

/** Put before a name; what the cluster's own components are called is never said to it. */
const prefix = z
  .string()
  .max(64)
  .regex(/^(?!\s*system:)[\x21-\x7e]*$/i, "printable, without spaces, and not system:")
  .default("");

/** Where an API server is, as the agent sees it, and whom it is told of. Credentials are kept elsewhere. */
const schema = z.strictObject({
  server: server.describe(
    "Address of the API server, such as https://10.0.0.1:6443; resolved by the agent at each dial",
  ),
  ca: z
    .string()
    .max(64 * 1024)
    .regex(/-----BEGIN CERTIFICATE-----/, "certificates in PEM")
    .describe("Authorities that certify the API server, PEM; default: those of the system")
    .optional(),
  tlsServerName: z
    .string()
    .max(253)
    .regex(/^[A-Za-z0-9._-]+$/, "a host name")
    .describe("Name that its certificate is for; default: the host of the address")
    .optional(),
  identity: z
    .enum(["person", "credential"])
    .describe("`person`: the cluster is told who acts (impersonation); `credential`: it sees the credential's own name")
    .default("person"),
  userPrefix: prefix.describe("Put before a person's name"),
  groupPrefix: prefix.describe("Put before the names of a person's groups"),
});

export type KubernetesTarget = z.infer<typeof schema>;

export const kubernetesTargetSchema: TargetSchema<KubernetesTarget> = {
  parse: (value) => parseTarget(schema, value),
  jsonSchema: z.toJSONSchema(schema, { io: "input" }),
  credentialTypes: ["token", "certificate"],
  address({ server }) {
    const { hostname, port } = new URL(server);
    return `${hostname}:${port === "" ? DEFAULT_PORT : port}`;
  },
};
