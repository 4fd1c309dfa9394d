import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { beginning, table } from "../../output/table.ts";
import { relative } from "../../output/times.ts";
import { duration, stateText } from "./render-request.ts";

interface Options {
  readonly all?: boolean;
}

export const list = defineCommand<[], Options>({
  summary: "List the access requests that wait: those you made and those you may decide",
  configure: (command) => command.option("--all", "also those that are decided"),
  examples: ["tw requests list", "tw requests list --all --json"],
  run: async (context, options) => {
    const query = options.all ? {} : { state: "pending" as const };
    const result = await answer((await context.api()).GET("/v1/access-requests", { params: { query } }));
    context.output.result(result, () =>
      table(
        result.requests,
        [
          { title: "ID", value: ({ shortId }) => shortId },
          { title: "WHO ASKS", value: ({ requester }) => requester },
          { title: "RESOURCE", value: ({ resource }) => resource },
          { title: "LEVEL", value: ({ level }) => level },
          { title: "FOR", value: ({ durationSeconds }) => duration(durationSeconds) },
          { title: "WHY", value: ({ reason }) => reason, short: ({ reason }) => beginning(reason) },
          { title: "STATE", value: (request) => stateText(request, context.now()) },
          {
            title: "ENDS",
            value: ({ state, expiresAt }) => (state === "pending" ? relative(expiresAt, context.now()) : null),
          },
        ],
        context.output,
        options.all ? "There are no access requests." : "No access request is waiting.",
      ),
    );
    return undefined;
  },
});
