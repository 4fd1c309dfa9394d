/** Types of channels; schema and features share them. */

/** What people are told of. */
export const NOTIFIED_EVENTS = [
  "review.requested",
  "review.decided",
  "access.requested",
  "access.decided",
  "change.requested",
  "change.decided",
  "emergency.started",
  "emergency.ended",
] as const;

export type NotifiedEvent = (typeof NOTIFIED_EVENTS)[number];

interface SharedSettings {
  readonly events: readonly NotifiedEvent[];
  /** Only what asks one of these (`group:NAME`, `principal:NAME`); absent = everything. */
  readonly asks?: readonly string[] | undefined;
  /** Only about these resources; absent = all. */
  readonly resources?: readonly string[] | undefined;
  /** At most so many a minute; the rest waits. */
  readonly perMinute: number;
}

/** Secrets stand in them by reference only. */
export type ChannelSettings = SharedSettings &
  (
    | { readonly type: "slack"; readonly webhookUrl: string }
    | { readonly type: "slack"; readonly token: string; readonly channel: string }
    | { readonly type: "teams"; readonly webhookUrl: string }
    | { readonly type: "webhook"; readonly url: string; readonly secret: string }
    | {
        readonly type: "email";
        readonly host: string;
        readonly port: number;
        readonly tls: "always" | "starttls" | "none";
        readonly username?: string | undefined;
        readonly password?: string | undefined;
        readonly from: string;
        /** `asked`: whoever is asked and has an attribute `email`; else addresses. */
        readonly to: "asked" | readonly string[];
      }
  );

/** One message to one channel, or to one person by it. It leaves the house, so it holds no values of a statement. */
export interface NotificationMessage {
  /** One line, the essence: many tools show nothing else. */
  readonly title: string;
  readonly facts: readonly { readonly name: string; readonly value: string }[];
  /** A statement without its values. */
  readonly code?: string | undefined;
  /** Path of the page that it is about. */
  readonly path: string;
  readonly action: string;
  readonly note?: string | undefined;
}

export type NotificationState = "waiting" | "sent" | "expired" | "refused";
