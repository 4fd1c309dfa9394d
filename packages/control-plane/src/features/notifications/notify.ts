import { newId } from "@tidewaiter/core/ids";
import { notificationChannels, notifications, principals } from "../../storage/schema.ts";
import { insert, select, type Work } from "../../storage/statement.ts";
import type { UnitContext } from "../../storage/unit.ts";
import { loadPrincipals, principalProblem } from "../principals/membership.ts";
import type { ChannelSettings, NotificationMessage, NotifiedEvent } from "./channel.ts";

export interface Notification {
  readonly event: NotifiedEvent;
  /** Id of what it is about: of a review, a request. */
  readonly refId: string;
  readonly resource?: string | undefined;
  /** Who is asked, as in a rule (`group:NAME`, `principal:NAME`), or `role:NAME`; empty = the role reviewer. */
  readonly asked: readonly string[];
  /** Ids of principals that are not told by mail although they are asked: whoever asks. */
  readonly except?: readonly string[] | undefined;
  /** After it nobody needs to be told any more, ISO 8601. */
  readonly expiresAt: string;
  /** On every channel, whatever it is set to: emergencies. */
  readonly loud?: boolean | undefined;
  readonly message: NotificationMessage;
}

/** One person cannot be asked in a way that mails half the company. */
const RECIPIENTS_LIMIT = 50;

/**
 * Puts a notification into the outbox of every channel that wants it, in the transaction of what it tells of: neither is
 * there without the other. It is sent afterwards (sender.ts).
 */
export function* notify(unit: UnitContext, notification: Notification): Work<void> {
  const channels = yield* select(notificationChannels);
  const wanted = channels.filter(({ settings }) => notification.loud || wants(settings, notification));
  if (wanted.length === 0) return;
  const byMail = wanted.some(({ settings }) => settings.type === "email" && settings.to === "asked");
  const people = byMail ? yield* peopleAsked(notification) : [];
  for (const channel of wanted) {
    for (const recipient of recipientsOf(channel.settings, people)) {
      yield* insert(notifications, {
        id: newId("ntf"),
        channelId: channel.id,
        event: notification.event,
        refId: notification.refId,
        ...recipient,
        message: notification.message,
        state: "waiting",
        attempts: 0,
        nextAt: unit.now,
        leasedUntil: null,
        expiresAt: notification.expiresAt,
        createdAt: unit.now,
        sentAt: null,
        lastError: null,
        openedAt: null,
      });
    }
  }
  unit.changed("notification", notification.refId);
}

function wants({ events, asks, resources }: ChannelSettings, { event, asked, resource }: Notification): boolean {
  if (!events.includes(event)) return false;
  if (asks !== undefined && !asks.some((one) => asked.includes(one))) return false;
  return resources === undefined || (resource !== undefined && resources.includes(resource));
}

interface Recipient {
  readonly recipientId: string | null;
  readonly address: string | null;
}

function recipientsOf(settings: ChannelSettings, people: readonly Recipient[]): readonly Recipient[] {
  if (settings.type !== "email") return [{ recipientId: null, address: null }];
  return settings.to === "asked" ? people : settings.to.map((address) => ({ recipientId: null, address }));
}

/** Attribute of a principal; kept by hand, by a document or by an identity provider. */
const EMAIL = "email";

function* peopleAsked({ asked, except = [] }: Notification): Work<Recipient[]> {
  const rows = (yield* select(principals)).filter((row) => row.kind === "user" && !except.includes(row.id));
  const reachable = rows.filter((row) => isAddress(row.attributes[EMAIL]));
  const known = yield* loadPrincipals(reachable.map((row) => row.id));
  const people = [...known.values()].filter((person) => {
    if (principalProblem(person) !== undefined) return false;
    if (asked.length === 0) return person.roles.includes("reviewer");
    const groups = person.groupNames.map((group) => `group:${group}`);
    const names = [`principal:${person.row.name}`, ...groups, ...person.roles.map((role) => `role:${role}`)];
    return names.some((name) => asked.includes(name));
  });
  return people
    .slice(0, RECIPIENTS_LIMIT)
    .map(({ row }) => ({ recipientId: row.id, address: row.attributes[EMAIL] ?? null }));
}

/** Only enough to be one address and nothing else. */
function isAddress(value: string | undefined): boolean {
  return value !== undefined && value.length <= 254 && /^[^\s@<>,;"]+@[^\s@<>,;"]+$/.test(value);
}
