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
  ];
}
