import type { TargetSchema } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { z } from "zod";

const host = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[A-Za-z0-9._:[\]-]+$/, "a host name or an address");

/** Where a PostgreSQL server is, as the agent sees it, and how to talk to it. Credentials are kept elsewhere. */
const schema = z.strictObject({
  host: host.describe("Host name or address, resolved by the agent at each dial").optional(),
  port: z.int().min(1).max(65535).default(5432),
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
    const parsed = schema.safeParse(value);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      throw new TidewaiterError(
        "bad_request",
        `target.${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not valid"}`,
      );
    }
    if ((parsed.data.host === undefined) === (parsed.data.socket === undefined)) {
      throw new TidewaiterError("bad_request", "target: give either host or socket");
    }
    return parsed.data;
  },
  jsonSchema: z.toJSONSchema(schema, { io: "input" }),
  address: ({ host: name, port, socket }) =>
    socket === undefined ? `${name}:${port}` : `unix:${socket}/.s.PGSQL.${port}`,
};
