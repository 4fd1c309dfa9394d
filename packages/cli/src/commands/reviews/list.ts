import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { beginning, table } from "../../output/table.ts";
import { relative } from "../../output/times.ts";

interface Options {
  readonly all?: boolean;
}

export const list = defineCommand<[], Options>({
  summary: "List the reviews that wait: those you asked for and those you may decide",
  configure: (command) => command.option("--all", "also those that are decided"),
  examples: ["tw reviews list", "tw reviews list --as mia", "tw reviews list --all --json"],
  run: async (context, options) => {
    const query = options.all ? {} : { state: "pending" as const };
    const result = await answer((await context.api()).GET("/v1/reviews", { params: { query } }));
    context.output.result(result, () =>
      table(
        result.reviews,
        [
          { title: "ID", value: ({ shortId }) => shortId },
          { title: "STATE", value: ({ state }) => state },
          { title: "WHO ASKS", value: ({ requester }) => requester },
          { title: "RESOURCE", value: ({ resource }) => resource },
          { title: "RULE", value: ({ rule }) => rule, spare: 1 },
          { title: "WHAT", value: ({ summary }) => summary, short: ({ summary }) => beginning(summary) },
          { title: "ENDS", value: ({ expiresAt }) => relative(expiresAt, context.now()) },
        ],
        context.output,
        options.all ? "There are no reviews." : "No review is waiting.",
      ),
    );
    return undefined;
  },
});
