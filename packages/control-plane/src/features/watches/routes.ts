import { Readable } from "node:stream";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { z } from "zod";
import { NOTHING, type Route, type RouteCall, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { refOf } from "../principals/routes.ts";
import { inChunks, linesOf } from "../recordings/event-lines.ts";
import { lookReason } from "../recordings/routes.ts";
import { idPath } from "../shapes.ts";
import type { WatchService } from "./service.ts";

const watchPath = idPath.extend({ watch: z.string().min(1).max(100) });
const SEQUENCE_LIMIT = 999_999;

export function watchRoutes({ store, watching }: Services): Route[] {
  const { sessions, watches, resources } = store.units;
  const access = { permission: "recordings.read" } as const;
  const resourceOf = async ({ params }: { params: { id: string } }) => (await sessions.get(params)).resourceName;
  const requireOriginals = async (sessionId: string, can: RouteCall<unknown, unknown, unknown>["can"]) => {
    const { resourceName } = await sessions.get({ id: sessionId });
    if (can("recordings.read_originals", (await resources.tagsOf({ name: resourceName })) ?? {})) return;
    throw new TidewaiterError("permission_missing", "originals need the permission recordings.read_originals");
  };
  return [
    route({
      method: "POST",
      url: "/v1/sessions/:id/watches",
      summary:
        "Follow a live session: needs a reason and is itself recorded; over 15 s after the last question for events",
      access,
      params: idPath,
      resourceOf,
      body: z.strictObject({
        reason: lookReason,
        /** With the original text of statements whose literals are tokens. */
        originals: z.boolean().default(false),
      }),
      status: 201,
      response: z.object({ id: z.string(), startedAt: z.string() }),
      async handle({ params, body, caller, can }) {
        if (body.originals) await requireOriginals(params.id, can);
        return watches.open({ by: refOf(caller), sessionId: params.id, ...body });
      },
    }),
    route({
      method: "GET",
      url: "/v1/sessions/:id/watches/:watch/events",
      summary:
        'What was recorded after segment `after`, waiting up to 3 s for it: one event a line, then {"watch":{"after":N,"more":BOOLEAN,"ended":null|REASON}}',
      access,
      params: watchPath,
      resourceOf,
      query: z.strictObject({ after: z.coerce.number().int().min(0).max(SEQUENCE_LIMIT).default(0) }),
      response: z.unknown(),
      produces: "application/x-ndjson",
      async handle({ params, query, caller, can }) {
        const mine = { id: params.watch, sessionId: params.id, principalId: caller.id };
        const { originals, dueSoon } = await watches.find(mine);
        if (originals) await requireOriginals(params.id, can);
        if (dueSoon) await watches.prolong(mine);
        return Readable.from(inChunks(lines(watching, params.id, query.after, originals)), { objectMode: false });
      },
    }),
    route({
      method: "DELETE",
      url: "/v1/sessions/:id/watches/:watch",
      summary: "Stop following a session",
      access,
      params: watchPath,
      resourceOf,
      status: 204,
      response: NOTHING,
      handle: ({ params, caller }) => watches.close({ id: params.watch, sessionId: params.id, principalId: caller.id }),
    }),
  ];
}

async function* lines(
  watching: WatchService,
  sessionId: string,
  after: number,
  originals: boolean,
): AsyncGenerator<string> {
  for await (const part of watching.next(sessionId, after)) {
    if ("events" in part) for (const events of part.events) yield linesOf(events, originals);
    else yield `${JSON.stringify({ watch: part })}\n`;
  }
}
