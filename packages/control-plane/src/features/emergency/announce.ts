import type { Work } from "../../storage/statement.ts";
import type { UnitContext } from "../../storage/unit.ts";
import type { NotificationMessage, NotifiedEvent } from "../notifications/channel.ts";
import { notify } from "../notifications/notify.ts";

/** A channel that comes back within this time still tells of it. */
const TOLD_FOR_MS = 7 * 24 * 3600 * 1000;

/** On every channel, whatever it is set to, in the transaction of what it tells of. */
export function* announce(
  unit: UnitContext,
  told: { readonly event: NotifiedEvent; readonly refId: string } & Pick<NotificationMessage, "title" | "facts">,
): Work<void> {
  const { event, refId, title, facts } = told;
  const expiresAt = new Date(Date.parse(unit.now) + TOLD_FOR_MS).toISOString();
  const message = { title, facts, path: "/reviews", action: "Open Tidewaiter" };
  yield* notify(unit, { event, refId, asked: [], expiresAt, loud: true, message });
}
