import type { TargetSchema } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { parseTarget } from "@tidewaiter/core/target-schema";
import { z } from "zod";

const host = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[A-Za-z0-9._:[\]-]+$/, "a host name or an address");

const port = z.int().min(1).max(65535);

/** PostgreSQL documentation, "Parameter Key Words". */
export const SESSION_ATTRS = ["any", "read-write", "read-only", "primary", "standby", "prefer-standby"] as const;
export type SessionAttrs = (typeof SESSION_ATTRS)[number];

/** Where a PostgreSQL server is, as the agent sees it, and how to talk to it. Credentials are kept elsewhere. */
const schema = z.strictObject({
  host: host.describe("Host name or address, resolved by the agent at each dial").optional(),
  port: port.default(5432),
  hosts: z
    .array(z.strictObject({ host, port: port.default(5432) }))
    .min(1)
    .max(8)
    .describe("Servers of one cluster, in place of host: tried in this order at each connect")
    .optional(),
  targetSessionAttrs: z
    .enum(SESSION_ATTRS)
    .describe("Which of them will do, as libpq's target_session_attrs")
    .default("any"),
  maxConnections: z
    .int()
    .min(1)
    .max(10_000)
    .describe("Sessions that one gateway has at the target at once; more wait for a few seconds, then are refused")
    .optional(),
  socket: z
    .string()
    .startsWith("/")
    .max(100)
    .describe("Directory of a Unix socket beside the agent, in place of host")
    .optional(),
  database: z.string().min(1).max(63).describe("Database that the resource name alone stands for"),
  databases: z
    .array(z.string().min(1).max(63))
    .describe("Other databases that may be asked for as RESOURCE/DATABASE; `*` = all")
    .default([]),
  tls: z
    .strictObject({
      mode: z.enum(["disable", "prefer", "require", "verify-ca", "verify-full"]).default("verify-full"),
      ca: z.string().max(65_536).describe("PEM of the roots to trust; default: those that come with Node").optional(),
      serverName: host.optional(),
    })
    .prefault({}),
  lineage: z
    .strictObject({
      from: z
        .enum(["names", "view", "server"])
        .describe(
          "`server`: the server sends the query tree of every statement; first see tw resources check. `view`: it is asked for one, by a temporary view that is rolled back, where names alone do not tell; also used where `server` is not possible",
        )
        .default("names"),
      log: z
        .enum(["unchanged", "own_lines_silenced", "trees_logged"])
        .describe(
          "What may happen to the server's log for it: nothing, the role's own lines go silent, trees are written",
        )
        .default("unchanged"),
      missing: z
        .enum(["mask", "end"])
        .describe(
          "Where `from: server` is in force and the server sends no tree that is due: every cell is masked, or the session ends",
        )
        .default("mask"),
    })
    .describe("How labels follow values through expressions, where the resource has labels")
    .prefault({}),
  unclassified: z
    .enum(["mask", "detect"])
    .describe("Columns that appeared beside labelled ones, where this database is not to follow the policy's default")
    .optional(),
  allowCleartextPassword: z.boolean().describe("Send the password in clear text even without TLS").default(false),
});

export type PostgresTarget = z.infer<typeof schema>;

export const postgresTargetSchema: TargetSchema<PostgresTarget> = {
  parse(value) {
    const target = parseTarget(schema, value);
    const { host: name, hosts, socket } = target;
    if ([name, hosts, socket].filter((one) => one !== undefined).length !== 1) {
      throw new TidewaiterError("bad_request", "target: give either host, hosts or socket");
    }
    return target;
  },
  jsonSchema: z.toJSONSchema(schema, { io: "input" }),
  credentialTypes: ["password", "certificate", "trust"],
  address: (target) =>
    target.socket === undefined
      ? hostsOf(target)
          .map((one) => `${one.host}:${one.port}`)
          .join()
      : `unix:${target.socket}/.s.PGSQL.${target.port}`,
};

/** In the order of the addresses; a socket is one host without a name. */
export function hostsOf(
  target: PostgresTarget,
): readonly { readonly host: string | undefined; readonly port: number }[] {
  return target.hosts ?? [{ host: target.host, port: target.port }];
}
