import { z } from "zod";
import { type Route, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";

export function healthRoutes({ store }: Services): Route[] {
  return [
    route({
      method: "GET",
      url: "/v1/health",
      summary: "Is the service up, and can it reach its store?",
      access: { public: true },
      response: z.object({ status: z.literal("ok"), store: z.literal("ok") }),
      async handle() {
        await store.units.audit.head();
        return { status: "ok", store: "ok" } as const;
      },
    }),
    route({
      method: "GET",
      url: "/r/:shortId",
      summary: "Where the link of a review leads; tells nothing about the review",
      access: { public: true },
      params: z.object({ shortId: z.string().regex(/^[0-9A-Za-z]{4,12}$/) }),
      response: z.string(),
      produces: "text/html",
      // The pattern above leaves nothing that HTML could take for markup.
      handle: async ({ params }) => {
        const id = params.shortId.toUpperCase();
        return `<!doctype html>
<meta charset="utf-8">
<title>Tidewaiter review ${id}</title>
<p>This is a review. Sign in with the command line to see it:</p>
<pre>tw login
tw reviews show ${id}</pre>
`;
      },
    }),
  ];
}
