import { z } from "zod";
import { secretReference, thingName } from "../shapes.ts";
import { type ChannelSettings, NOTIFIED_EVENTS } from "./channel.ts";

const whom = z.string().regex(/^(group|principal):[a-z0-9][a-z0-9._-]{0,62}$/, "group:NAME or principal:NAME");
const mailAddress = z.email().max(254);

/** `Name <address>` or an address alone; no line break can stand in it. */
const sender = z
  .string()
  .max(300)
  .regex(/^(?:[^<>\r\n"]{1,60} <[^<>\s@]+@[^<>\s@]+>|[^<>\s@]+@[^<>\s@]+)$/, "an address, or Name <address>");

const shared = {
  events: z
    .array(z.enum(NOTIFIED_EVENTS))
    .min(1)
    .max(NOTIFIED_EVENTS.length)
    .default(["review.requested", "access.requested"]),
  asks: z.array(whom).min(1).max(100).optional(),
  resources: z.array(thingName).min(1).max(1000).optional(),
  perMinute: z.int().min(1).max(600).default(30),
};

/** The address is a secret of its own: whoever knows it may write there. */
const webhookUrl = secretReference;

export const channelShapes = {
  slack: {
    type: z.literal("slack"),
    webhookUrl: webhookUrl.optional(),
    token: secretReference.optional(),
    channel: z
      .string()
      .regex(/^[A-Z0-9]{5,20}$/, "the id of a channel, such as C0123456789")
      .optional(),
    ...shared,
  },
  teams: { type: z.literal("teams"), webhookUrl, ...shared },
  webhook: {
    type: z.literal("webhook"),
    url: z
      .url({ protocol: /^https?$/ })
      .max(2000)
      .refine(withoutUser, "without user and password"),
    secret: secretReference,
    ...shared,
  },
  email: {
    type: z.literal("email"),
    host: z.string().regex(/^[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?$/, "a name or an address"),
    port: z.int().min(1).max(65_535).default(587),
    tls: z.enum(["always", "starttls", "none"]).default("starttls"),
    username: z.string().min(1).max(300).optional(),
    password: secretReference.optional(),
    from: sender,
    to: z.union([z.literal("asked"), z.array(mailAddress).min(1).max(50)]).default("asked"),
    ...shared,
  },
};

export const channelSettings = z.discriminatedUnion("type", [
  z.strictObject(channelShapes.slack),
  z.strictObject(channelShapes.teams),
  z.strictObject(channelShapes.webhook),
  z.strictObject(channelShapes.email),
]);

/** What the schema cannot say; undefined when it is complete. */
export function channelProblem(settings: z.output<typeof channelSettings>): string | undefined {
  if (settings.type === "slack") {
    const byToken = settings.token !== undefined && settings.channel !== undefined;
    const byWebhook = settings.webhookUrl !== undefined;
    const mixed = byWebhook && (settings.token !== undefined || settings.channel !== undefined);
    return byToken !== byWebhook && !mixed ? undefined : "either webhookUrl, or token and channel";
  }
  if (settings.type === "email" && (settings.username === undefined) !== (settings.password === undefined)) {
    return "username and password go together";
  }
  return undefined;
}

/** References to secrets in it, which have to be such as this server resolves. */
export function referencesOf(settings: ChannelSettings): readonly string[] {
  const { webhookUrl: address, token, secret, password } = settings as unknown as Readonly<Record<string, unknown>>;
  return [address, token, secret, password].filter((one) => typeof one === "string");
}

function withoutUser(text: string): boolean {
  const { username, password } = new URL(text);
  return username === "" && password === "";
}
