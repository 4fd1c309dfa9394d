import { escapeText } from "@tidewaiter/core/recording/escape-text";
import { answer } from "../../api/client.ts";
import type { AuditEvent } from "../../api/shapes.ts";
import { defineCommand } from "../../command.ts";
import { parseCount } from "../../input/duration.ts";
import { table } from "../../output/table.ts";
import { utc } from "../../output/times.ts";

interface Options {
  readonly after?: string;
  readonly type?: string;
  readonly limit: string;
}

export const list = defineCommand<[], Options>({
  summary: "List audit events: the newest ones, or all after a number",
  configure: (command) =>
    command
      .option("--type <type>", "`review.approved`, or `review` for all of them")
      .option("--after <number>", "in order from the event after this number")
      .option("--limit <count>", "at most so many", "50"),
  examples: ["tw audit list", "tw audit list --type review", "tw audit list --after 1200 --limit 1000 --json"],
  run: async (context, options) => {
    const limit = parseCount(options.limit, "--limit", { min: 1, max: 1000 });
    const { type } = options;
    const order =
      options.after === undefined
        ? { order: "newest" as const }
        : { after: parseCount(options.after, "--after", { min: 0, max: 999_999_999 }) };
    const query = { limit, ...order, ...(type === undefined ? {} : { type }) };
    const result = await answer((await context.api()).GET("/v1/audit", { params: { query } }));
    // The newest stands last in a terminal, where the eye is.
    const events = options.after === undefined ? result.events.toReversed() : result.events;
    context.output.result({ ...result, events }, () =>
      table(
        events,
        [
          { title: "NO", value: ({ sequence }) => sequence, align: "right" },
          { title: "AT", value: ({ at }) => utc(at) },
          { title: "EVENT", value: ({ type: kind }) => kind },
          { title: "WHAT", value: dataText },
        ],
        context.output,
        "There are no such events.",
      ),
    );
    return undefined;
  },
});

function dataText({ data, sessionId }: AuditEvent): string {
  const pairs = Object.entries(data).filter(([, value]) => value !== null && value !== "");
  const session = sessionId === null ? [] : [`session=${sessionId}`];
  return [...pairs.map(([name, value]) => `${name}=${escapeText(String(value))}`), ...session].join(" ");
}
