import { createHmac } from "node:crypto";
import { type Delivery, DeliveryError, type DeliveryTools } from "../delivery.ts";
import { post } from "../post.ts";

/**
 * Any receiver, signed as Standard Webhooks describes (https://www.standardwebhooks.com): an id that stays the same when
 * it is sent again, the time, and an HMAC-SHA256 over `id.time.body`.
 */
export async function sendWebhook(
  { settings, row, link, signal }: Delivery<"webhook">,
  tools: DeliveryTools,
): Promise<void> {
  const { title, facts, code, note } = row.message;
  const about = { id: row.refId, title, facts, statement: code, link, note, expiresAt: row.expiresAt };
  const timestamp = Math.floor(tools.now() / 1000);
  const body = JSON.stringify({ type: row.event, timestamp: row.createdAt, data: about });
  const signature = sign(await tools.secret(settings.secret), `${row.id}.${timestamp}.${body}`);
  const headers = {
    "webhook-id": row.id,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": `v1,${signature}`,
  };
  await post({ url: settings.url, headers, body, signal }, tools.guard);
}

/** The secret is `whsec_` and base64, or any text of at least 24 characters. */
function sign(secret: string, text: string): string {
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice("whsec_".length), "base64") : Buffer.from(secret);
  if (key.length < 24) throw new DeliveryError("the secret of the webhook is shorter than 24 bytes", { final: true });
  return createHmac("sha256", key).update(text).digest("base64");
}
