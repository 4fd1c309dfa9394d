import { amountInWords, windowInWords } from "@tidewaiter/core/budget";
import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { table } from "../../output/table.ts";
import { relative } from "../../output/times.ts";

interface Options {
  readonly principal?: string;
}

export const list = defineCommand<[], Options>({
  summary: "What is spent of budgets: by you and your AI agents, or by everybody for those who may see it",
  configure: (command) => command.option("--principal <name>", "only of this principal"),
  examples: ["tw budgets list", "tw budgets list --as robot", "tw budgets list --principal robot --json"],
  run: async (context, { principal }) => {
    const query = principal === undefined ? {} : { principal };
    const result = await answer((await context.api()).GET("/v1/budgets", { params: { query } }));
    context.output.result(result, () =>
      table(
        result.budgets,
        [
          {
            title: "WHO",
            value: (budget) =>
              budget.onBehalfOf === null ? budget.principal : `${budget.principal} for ${budget.onBehalfOf}`,
          },
          { title: "RULE", value: ({ rule }) => rule },
          { title: "RESOURCE", value: ({ resource }) => resource ?? "(all)" },
          { title: "SPENT", value: ({ spent }) => spent.toLocaleString("en-US"), align: "right" },
          {
            title: "OF",
            value: ({ counter, limit, windowSeconds }) =>
              `${amountInWords(counter, limit)} in ${windowInWords(windowSeconds)}`,
          },
          { title: "IN USE", value: ({ leased }) => leased.toLocaleString("en-US"), align: "right", spare: 2 },
          {
            title: "FREES",
            value: ({ freesAt }) => (freesAt === null ? "" : relative(freesAt, context.now())),
            spare: 1,
          },
          {
            title: "REFUSED",
            value: ({ exceededAt }) => (exceededAt === null ? "" : relative(exceededAt, context.now())),
          },
        ],
        context.output,
        "Nothing is spent of any budget.",
      ),
    );
    return undefined;
  },
});
