import { Readable } from "node:stream";
import type { SessionEvent } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { z } from "zod";
import { type Route, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { idPath } from "../shapes.ts";
import { inChunks, linesOf } from "./event-lines.ts";

/** Why somebody looks at what was recorded. */
export const lookReason = z.string().trim().min(3).max(500);

export function recordingRoutes({ recordings, store }: Services): Route[] {
  const { sessions, audit } = store.units;
  return [
    route({
      method: "GET",
      url: "/v1/sessions/:id/recording",
      summary: "The recorded events of a session, one JSON object a line; needs a reason and is itself recorded",
      access: { permission: "recordings.read" },
      params: idPath,
      resourceOf: async ({ params }) => (await sessions.get(params)).resourceName,
      query: z.strictObject({
        reason: lookReason,
        /** With the original text of statements whose literals are tokens. */
        originals: z.stringbool().default(false),
      }),
      response: z.unknown(),
      produces: "application/x-ndjson",
      async handle({ params, query, caller, can }) {
        const { originals, reason } = query;
        const session = await sessions.get(params);
        const tags = (await store.units.resources.tagsOf({ name: session.resourceName })) ?? {};
        if (originals && !can("recordings.read_originals", tags)) {
          throw new TidewaiterError("permission_missing", "originals need the permission recordings.read_originals");
        }
        const { id: sessionId, resourceId } = session;
        // Before the first byte: a look that is not recorded must not happen.
        const data = { by: caller.name, reason, originals };
        await audit.append({ type: "recording.opened", principalId: caller.id, sessionId, resourceId, data });
        return Readable.from(inChunks(lines(recordings.events(session), originals)), { objectMode: false });
      },
    }),
    route({
      method: "GET",
      url: "/v1/sessions/:id/recording/verify",
      summary: "Is the recording of a session complete and untouched?",
      access: { permission: "recordings.verify" },
      params: idPath,
      resourceOf: async ({ params }) => (await sessions.get(params)).resourceName,
      response: z.object({
        ok: z.boolean(),
        segments: z.int(),
        tail: z.enum(["complete", "unknown"]),
        problems: z.array(z.string()).readonly(),
      }),
      handle: async ({ params }) => recordings.verify(await sessions.get(params)),
    }),
  ];
}

async function* lines(frames: AsyncIterable<readonly SessionEvent[]>, originals: boolean): AsyncGenerator<string> {
  for await (const events of frames) yield linesOf(events, originals);
}
