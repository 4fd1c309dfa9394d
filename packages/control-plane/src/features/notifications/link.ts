import { createHmac, randomBytes } from "node:crypto";
import type { Sealer } from "../../seal/sealer.ts";
import type { ControlPlaneStore } from "../../storage/open-store.ts";
import { sameText } from "../web-session/same-text.ts";

/**
 * Links of mails: the id of the notification and an HMAC over it. A link leads its recipient, once and signed in, to the
 * page; it proves nothing about whoever holds it.
 */
export class NotificationLinks {
  readonly #key: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
  }

  tokenFor(notificationId: string): string {
    return `${notificationId}.${this.#mac(notificationId)}`;
  }

  /** The notification, or undefined for a token that is not ours. */
  read(token: string): string | undefined {
    const [id = "", mac = "", ...more] = token.split(".");
    return more.length === 0 && sameText(mac, this.#mac(id)) ? id : undefined;
  }

  #mac(id: string): string {
    return createHmac("sha256", this.#key).update(`tidewaiter notification link ${id}`).digest("base64url");
  }
}

/** The key is made once for the store, sealed. */
export async function openNotificationLinks(store: ControlPlaneStore, sealer: Sealer): Promise<NotificationLinks> {
  const name = "notification_link_key";
  const place = { noun: "settings", id: name, field: "key" };
  const sealed = await sealer.sealing(async () => {
    const { sealed: candidate, dataKey } = sealer.seal(place, randomBytes(32));
    return store.units.seal.sealedSetting({ name, candidate, dataKey });
  });
  return new NotificationLinks(await sealer.open(place, sealed));
}
