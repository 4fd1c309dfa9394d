import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { table } from "../../output/table.ts";
import { relative } from "../../output/times.ts";

interface Options {
  readonly all?: boolean;
}

export const list = defineCommand<[], Options>({
  summary: "List live connection secrets: yours and those of AI agents that act for you",
  configure: (command) => command.option("--all", "everybody's, for those who may read them"),
  examples: ["tw secrets list", "tw secrets list --all"],
  run: async (context, options) => {
    const query = options.all ? { all: "true" } : {};
    const result = await answer((await context.api()).GET("/v1/connection-secrets", { params: { query } }));
    const at = (instant: string | null) => (instant === null ? "never" : relative(instant, context.now()));
    context.output.result(result, () =>
      table(
        result.secrets,
        [
          { title: "ID", value: ({ id }) => id },
          {
            title: "KIND",
            value: ({ kind, clientAddress }) => (clientAddress === null ? kind : `${kind} ${clientAddress}`),
          },
          { title: "PRINCIPAL", value: ({ principal }) => principal },
          { title: "RESOURCE", value: ({ resource }) => resource ?? "any" },
          { title: "ENDS", value: ({ expiresAt }) => at(expiresAt) },
          { title: "USED", value: ({ uses }) => uses, align: "right", spare: 1 },
          { title: "LEFT", value: ({ usesLeft }) => usesLeft ?? "any", align: "right", spare: 2 },
          { title: "LAST USED", value: ({ lastUsedAt }) => at(lastUsedAt), spare: 3 },
        ],
        context.output,
        "There are no live connection secrets.",
      ),
    );
    return undefined;
  },
});
