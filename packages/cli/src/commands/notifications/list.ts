import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { table } from "../../output/table.ts";
import { relative } from "../../output/times.ts";

interface Options {
  readonly sent?: boolean;
  readonly channel?: string;
}

export const list = defineCommand<[], Options>({
  summary: "Channels that people are told by and what waits in them, or the messages themselves",
  configure: (command) =>
    command
      .option("--sent", "the messages: sent, waiting and given up, the newest first")
      .option("--channel <name>", "only the messages of this channel"),
  examples: ["tw notifications list", "tw notifications list --sent --channel oncall"],
  notes: "Channels are set by documents: tw apply -f channels.yaml",
  run: async (context, { sent, channel }) => {
    const api = await context.api();
    const ago = (at: string | null) => (at === null ? "" : relative(at, context.now()));
    if (sent || channel !== undefined) {
      const query = channel === undefined ? {} : { channel };
      const result = await answer(api.GET("/v1/notifications", { params: { query } }));
      context.output.result(result, () =>
        table(
          result.notifications,
          [
            { title: "WHEN", value: ({ createdAt }) => ago(createdAt) },
            { title: "CHANNEL", value: (one) => one.channel },
            { title: "TO", value: ({ to }) => to ?? "" },
            {
              title: "STATE",
              value: ({ state, nextAt }) => (state === "waiting" ? `waiting, next ${ago(nextAt)}` : state),
            },
            { title: "TRIES", value: ({ attempts }) => String(attempts), align: "right" },
            { title: "WHAT", value: ({ title }) => title },
            { title: "PROBLEM", value: ({ lastError }) => lastError ?? "" },
          ],
          context.output,
          "Nothing was sent yet.",
        ),
      );
      return undefined;
    }
    const result = await answer(api.GET("/v1/notification-channels"));
    context.output.result(result, () =>
      table(
        result.channels,
        [
          { title: "CHANNEL", value: ({ name }) => name },
          { title: "TYPE", value: ({ settings }) => settings.type },
          { title: "WAITING", value: ({ waiting }) => String(waiting), align: "right" },
          { title: "LAST SENT", value: ({ lastSentAt }) => ago(lastSentAt) },
          { title: "PROBLEM", value: ({ lastError }) => lastError ?? "" },
        ],
        context.output,
        "There is no channel.",
      ),
    );
    return undefined;
  },
});
