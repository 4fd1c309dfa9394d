import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { table } from "../../output/table.ts";
import { relative } from "../../output/times.ts";
import { summaryOf } from "./render-change.ts";

interface Options {
  readonly all?: boolean;
}

export const list = defineCommand<[], Options>({
  summary: "List the changes that weaken protection and wait for a second person",
  configure: (command) => command.option("--all", "also those that are decided"),
  examples: ["tw changes list", "tw changes list --all --json"],
  run: async (context, options) => {
    const query = options.all ? {} : { state: "pending" as const };
    const result = await answer((await context.api()).GET("/v1/changes", { params: { query } }));
    context.output.result(result, () =>
      table(
        result.changes,
        [
          { title: "ID", value: ({ shortId }) => shortId },
          { title: "STATE", value: ({ state }) => state },
          { title: "WHO ASKS", value: ({ requester }) => requester },
          { title: "WHAT", value: summaryOf },
          { title: "ENDS", value: ({ expiresAt }) => relative(expiresAt, context.now()) },
        ],
        context.output,
        options.all ? "There are no changes." : "No change is waiting.",
      ),
    );
    return undefined;
  },
});
