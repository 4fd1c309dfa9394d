import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { table } from "../../output/table.ts";
import { relative } from "../../output/times.ts";
import { limits } from "../api-keys/list.ts";

interface Options {
  readonly all?: boolean;
  readonly dead?: boolean;
}

export const list = defineCommand<[], Options>({
  summary: "List what you have delegated to AI agents",
  configure: (command) =>
    command.option("--all", "everybody's, for those who may read them").option("--dead", "those that have ended too"),
  examples: ["tw delegations list", "tw delegations list --all"],
  run: async (context, options) => {
    const query = { ...(options.all && { all: "true" }), ...(options.dead && { dead: "true" }) };
    const result = await answer((await context.api()).GET("/v1/delegations", { params: { query } }));
    const at = (instant: string | null) => (instant === null ? "never" : relative(instant, context.now()));
    context.output.result(result, () =>
      table(
        result.delegations,
        [
          { title: "ID", value: ({ id }) => id },
          { title: "AI AGENT", value: ({ principal }) => principal },
          { title: "ACTS FOR", value: ({ onBehalfOf }) => onBehalfOf },
          { title: "PURPOSE", value: ({ name }) => name },
          { title: "LIMITED TO", value: limits, spare: 1 },
          { title: "STATE", value: ({ state }) => state },
          { title: "ENDS", value: ({ expiresAt }) => at(expiresAt) },
          { title: "LAST USED", value: ({ lastUsedAt }) => at(lastUsedAt), spare: 2 },
        ],
        context.output,
        "There are no delegations.",
      ),
    );
    return undefined;
  },
});
