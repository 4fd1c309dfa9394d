import { TidewaiterError } from "@tidewaiter/core/errors";
import { z } from "zod";
import { NOTHING, type Route, route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { refOf } from "../principals/routes.ts";
import { namePath, thingName } from "../shapes.ts";
import type { ChannelSettings } from "./channel.ts";
import { channelProblem, channelSettings, referencesOf } from "./shape.ts";
import type { ChannelView } from "./store.ts";

const channelView = z.object({
  name: z.string(),
  /** As it was set; secrets stand in it by reference only. */
  settings: z.looseObject({ type: z.enum(["slack", "teams", "webhook", "email"]) }),
  waiting: z.int(),
  lastSentAt: z.string().nullable(),
  lastError: z.string().nullable(),
});

const notificationView = z.object({
  id: z.string(),
  channel: z.string(),
  event: z.string(),
  title: z.string(),
  to: z.string().nullable(),
  state: z.enum(["waiting", "sent", "expired", "refused"]),
  attempts: z.int(),
  nextAt: z.string(),
  createdAt: z.string(),
  expiresAt: z.string(),
  sentAt: z.string().nullable(),
  lastError: z.string().nullable(),
});

export function notificationRoutes({ store, secretResolver }: Services): Route[] {
  const { notifications } = store.units;
  return [
    route({
      method: "GET",
      url: "/v1/notification-channels",
      summary: "List the channels that people are told by, with what waits in them",
      access: { permission: "notifications.read" },
      response: z.object({ channels: z.array(channelView) }),
      handle: async () => ({ channels: (await notifications.channels()).map(toView) }),
    }),
    route({
      method: "PUT",
      url: "/v1/notification-channels/:name",
      summary: "Make or replace a channel; what waits in it is sent by the new settings",
      access: { permission: "notifications.write" },
      params: z.object({ name: thingName }),
      body: channelSettings,
      response: channelView,
      async handle({ params, body, caller }) {
        const problem = channelProblem(body);
        if (problem !== undefined) throw new TidewaiterError("bad_request", `body: ${problem}`);
        const settings = body as ChannelSettings;
        for (const reference of referencesOf(settings)) secretResolver.check(reference);
        return toView(await notifications.putChannel({ by: refOf(caller), name: params.name, settings }));
      },
    }),
    route({
      method: "DELETE",
      url: "/v1/notification-channels/:name",
      summary: "Remove a channel, and what waits in it",
      access: { permission: "notifications.write" },
      params: namePath,
      response: NOTHING,
      status: 204,
      handle: ({ params, caller }) => notifications.removeChannel({ by: refOf(caller), name: params.name }),
    }),
    route({
      method: "POST",
      url: "/v1/notification-channels/:name/test",
      summary: "Send a test by the channel; of a mail to those who are asked, it goes to the caller",
      access: { permission: "notifications.write" },
      params: namePath,
      response: z.object({ notifications: z.array(z.string()) }),
      async handle({ params, caller }) {
        return { notifications: await notifications.queueTest({ by: refOf(caller), name: params.name }) };
      },
    }),
    route({
      method: "GET",
      url: "/v1/notifications",
      summary: "List what was sent, waits, or was given up, the newest first",
      access: { permission: "notifications.read" },
      query: z.strictObject({
        channel: z.string().min(1).max(63).optional(),
        id: z.string().max(2000).optional(),
        limit: z.coerce.number().int().min(1).max(500).default(100),
      }),
      response: z.object({ notifications: z.array(notificationView) }),
      async handle({ query: { id, ...query } }) {
        const rows = await notifications.list({ ...query, ids: id?.split(",").slice(0, 50) });
        return {
          notifications: rows.map(({ message, address, ...row }) => ({ ...row, title: message.title, to: address })),
        };
      },
    }),
  ];
}

function toView({ settings, ...view }: ChannelView): z.input<typeof channelView> {
  return { ...view, settings: { ...settings } };
}
