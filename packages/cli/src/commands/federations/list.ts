import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { table } from "../../output/table.ts";
import { limits } from "../api-keys/list.ts";

export const list = defineCommand<[]>({
  summary: "List issuers whose workload tokens are taken, and for whom",
  examples: ["tw federations list", "tw apply -f federation.yaml        adds, changes and removes them"],
  run: async (context) => {
    const result = await answer((await context.api()).GET("/v1/federations"));
    context.output.result(result, () =>
      table(
        result.federations,
        [
          { title: "NAME", value: ({ name }) => name },
          { title: "ISSUER", value: ({ issuer }) => issuer },
          { title: "AUDIENCE", value: ({ audience }) => audience },
          { title: "SUBJECT", value: ({ subject }) => subject },
          { title: "WHEN", value: ({ when }) => when },
          { title: "STANDS FOR", value: ({ principal }) => principal },
          { title: "LIMITED TO", value: limits, spare: 1 },
          { title: "FOR", value: ({ lifetime }) => `${Math.round(lifetime / 60)} min`, spare: 2 },
        ],
        context.output,
        "There are no federations.",
      ),
    );
    return undefined;
  },
});
