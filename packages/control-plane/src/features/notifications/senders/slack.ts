import type { NotificationMessage } from "../channel.ts";
import { type Delivery, DeliveryError, type DeliveryTools } from "../delivery.ts";
import { post } from "../post.ts";

const POST_MESSAGE = "https://slack.com/api/chat.postMessage";
/** Errors of chat.postMessage that pass by themselves. */
const PASSING = new Set(["ratelimited", "rate_limited", "service_unavailable", "internal_error", "fatal_error"]);

/**
 * Slack, by an incoming webhook (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks) or a bot token
 * (https://docs.slack.dev/reference/methods/chat.postMessage).
 */
export async function sendSlack(
  { settings, row, link, signal }: Delivery<"slack">,
  tools: DeliveryTools,
): Promise<void> {
  const message = slackMessage(row.message, link);
  if ("webhookUrl" in settings) {
    await post({ url: await tools.secret(settings.webhookUrl), body: JSON.stringify(message), signal }, tools.guard);
    return;
  }
  const headers = { authorization: `Bearer ${await tools.secret(settings.token)}` };
  const body = JSON.stringify({ channel: settings.channel, ...message });
  const answer = await post({ url: POST_MESSAGE, headers, body, signal }, tools.guard);
  const { ok, error } = parseAnswer(answer);
  if (ok) return;
  throw new DeliveryError(`Slack answered ${error}`, { final: !PASSING.has(error) });
}

/** `{"ok": false, "error": "channel_not_found"}` comes with HTTP 200. */
function parseAnswer(text: string): { readonly ok: boolean; readonly error: string } {
  try {
    const { ok, error } = JSON.parse(text) as { ok?: unknown; error?: unknown };
    return { ok: ok === true, error: typeof error === "string" && /^[a-z_]{1,60}$/.test(error) ? error : "an error" };
  } catch {
    return { ok: false, error: "something else than JSON" };
  }
}

/** Blocks with a text that stands for them in lists and on locked screens. */
export function slackMessage({ title, facts, code, action, note }: NotificationMessage, link: string) {
  const section = (text: string) => ({ type: "section", text: { type: "mrkdwn", text: text.slice(0, 3000) } });
  const lines = facts.map(({ name, value }) => `*${escapeMrkdwn(name)}:* ${escapeMrkdwn(value)}`);
  return {
    text: escapeMrkdwn(title),
    unfurl_links: false,
    blocks: [
      section(`*${escapeMrkdwn(title)}*`),
      ...(lines.length > 0 ? [section(lines.join("\n"))] : []),
      ...(code === undefined ? [] : [section(`\`\`\`${escapeMrkdwn(code).replaceAll("```", "'''")}\`\`\``)]),
      {
        type: "actions",
        elements: [{ type: "button", text: { type: "plain_text", text: action }, url: link, action_id: "open" }],
      },
      ...(note === undefined ? [] : [{ type: "context", elements: [{ type: "mrkdwn", text: escapeMrkdwn(note) }] }]),
    ],
  };
}

/** https://docs.slack.dev/messaging/formatting-message-text#escaping; the rest keeps its signs from being markup. */
function escapeMrkdwn(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replace(/[*_~]/g, (sign) => `\u200b${sign}\u200b`);
}
