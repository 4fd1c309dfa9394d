import { TidewaiterError } from "@tidewaiter/core/errors";
import { z } from "zod";
import { type Route, route } from "../../http/route.ts";
import type { Permission, Scope } from "../../permissions.ts";
import type { Services } from "../../services.ts";
import { ownOf } from "../mandates/own.ts";
import { refOf } from "../principals/routes.ts";
import { accessLevel, idPath, principalKind } from "../shapes.ts";
import type { SessionRow } from "./store.ts";

const view = z.object({
  id: z.string(),
  state: z.enum(["live", "ended"]),
  principal: z.string(),
  kind: principalKind,
  onBehalfOf: z.string().nullable(),
  resource: z.string(),
  protocol: z.string(),
  level: accessLevel,
  agent: z.string(),
  gateway: z.string(),
  client: z.string(),
  application: z.string().nullable(),
  detail: z.record(z.string(), z.string()).readonly(),
  policyVersion: z.int(),
  startedAt: z.string(),
  endedAt: z.string().nullable(),
  endReason: z.string().nullable(),
  counters: z.object({
    statements: z.int(),
    refused: z.int(),
    held: z.int(),
    rows: z.int(),
    bytesToClient: z.int(),
    bytesToTarget: z.int(),
  }),
  segments: z.int().nullable(),
});

export function sessionRoutes({ store }: Services): Route[] {
  const { sessions, resources } = store.units;
  const namesInScope = async (can: (permission: Permission, tags: Scope) => boolean) =>
    (await resources.list()).filter(({ tags }) => can("sessions.read_all", tags)).map(({ name }) => name);
  return [
    route({
      method: "GET",
      url: "/v1/sessions",
      summary: "List sessions, the newest first: the caller's own, or everybody's for those who may read them",
      access: { permission: "sessions.list" },
      query: z.strictObject({
        state: z.enum(["live", "ended"]).optional(),
        principal: z.string().max(63).optional(),
        resource: z.string().max(63).optional(),
        limit: z.coerce.number().int().min(1).max(500).default(50),
        cursor: z.string().max(200).optional(),
      }),
      response: z.object({ sessions: z.array(view), cursor: z.string().nullable() }),
      async handle({ query, caller, can }) {
        const { cursor, limit, ...filter } = query;
        const everything = can("sessions.read_all");
        const rows = await sessions.list({
          ...filter,
          limit: limit + 1,
          onlyOf: everything ? undefined : ownOf(caller),
          orOn: everything ? [] : await namesInScope(can),
          before: cursor === undefined ? undefined : readCursor(cursor),
        });
        const page = rows.slice(0, limit);
        const last = page.at(-1);
        return { sessions: page.map(toView), cursor: rows.length > limit && last ? writeCursor(last) : null };
      },
    }),
    route({
      method: "GET",
      url: "/v1/sessions/:id",
      summary: "Show a session",
      access: { permission: "sessions.list" },
      params: idPath,
      response: view,
      async handle({ params, caller, can }) {
        const everything = can("sessions.read_all");
        const orOn = everything ? [] : await namesInScope(can);
        return toView(await sessions.get({ ...params, onlyOf: everything ? undefined : ownOf(caller), orOn }));
      },
    }),
    route({
      method: "POST",
      url: "/v1/sessions/:id/kill",
      summary: "End a live session; its client is told the reason",
      access: { permission: "sessions.kill" },
      params: idPath,
      resourceOf: async ({ params }) => (await sessions.get(params)).resourceName,
      body: z.strictObject({ reason: z.string().trim().min(1).max(200) }),
      response: view,
      handle: async ({ params, body, caller }) =>
        toView(await sessions.kill({ by: refOf(caller), id: params.id, reason: body.reason })),
    }),
  ];
}

function toView(row: SessionRow): z.input<typeof view> {
  const { id, resourceName, protocol, level, application, detail, policyVersion } = row;
  const { startedAt, endedAt, endReason, counters, segments } = row;
  return {
    id,
    state: endedAt === null ? "live" : "ended",
    principal: row.principalName,
    kind: row.principalKind,
    onBehalfOf: row.ownerName,
    resource: resourceName,
    protocol,
    level,
    agent: row.agentName,
    gateway: row.gatewayId,
    client: row.clientAddress,
    application,
    detail,
    policyVersion,
    startedAt,
    endedAt,
    endReason: endReason ?? row.killReason,
    counters,
    segments,
  };
}

function writeCursor(row: SessionRow): string {
  return Buffer.from(`${row.startedAt} ${row.id}`).toString("base64url");
}

function readCursor(cursor: string) {
  const [startedAt, id, ...rest] = Buffer.from(cursor, "base64url").toString().split(" ");
  if (startedAt === undefined || id === undefined || rest.length > 0) {
    throw new TidewaiterError("bad_request", "query.cursor: not one that a list gave");
  }
  return { startedAt, id };
}
