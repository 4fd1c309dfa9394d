import type { NotificationMessage } from "../channel.ts";
import type { Delivery, DeliveryTools } from "../delivery.ts";
import { post } from "../post.ts";

/**
 * Microsoft Teams, by the webhook of a workflow "When a Teams webhook request is received"
 * (https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook).
 */
export async function sendTeams(
  { settings, row, link, signal }: Delivery<"teams">,
  tools: DeliveryTools,
): Promise<void> {
  const body = JSON.stringify(teamsMessage(row.message, link));
  await post({ url: await tools.secret(settings.webhookUrl), body, signal }, tools.guard);
}

/** An Adaptive Card 1.4 (https://adaptivecards.io/explorer) as the one attachment of a message. */
export function teamsMessage({ title, facts, code, action, note }: NotificationMessage, link: string) {
  const text = (value: string, more: object = {}) => ({ type: "TextBlock", text: plain(value), wrap: true, ...more });
  const card = {
    $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
    type: "AdaptiveCard",
    version: "1.4",
    body: [
      text(title, { weight: "Bolder", size: "Medium" }),
      ...(facts.length > 0
        ? [{ type: "FactSet", facts: facts.map(({ name, value }) => ({ title: plain(name), value: plain(value) })) }]
        : []),
      ...(code === undefined ? [] : [text(code, { fontType: "Monospace" })]),
      ...(note === undefined ? [] : [text(note, { isSubtle: true, size: "Small" })]),
    ],
    actions: [{ type: "Action.OpenUrl", title: action, url: link }],
  };
  return {
    type: "message",
    attachments: [{ contentType: "application/vnd.microsoft.card.adaptive", contentUrl: null, content: card }],
  };
}

/** A text block takes some Markdown: nothing of a name or statement may become a link or a list. */
function plain(text: string): string {
  return text.replace(/[\\`*_[\]()<>#!~|]/g, (sign) => `\\${sign}`).replace(/^([ \t]*)([-+]|\d+\.)(?= )/gm, "$1\\$2");
}
