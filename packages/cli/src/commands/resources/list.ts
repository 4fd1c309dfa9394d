import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { table } from "../../output/table.ts";
import { tagText } from "./find-resource.ts";

export const list = defineCommand<[]>({
  summary: "List the resources that you may reach, or all for those who may read them",
  examples: ["tw resources list", "tw resources list --json"],
  run: async (context) => {
    const result = await answer((await context.api()).GET("/v1/resources"));
    context.output.result(result, () =>
      table(
        result.resources,
        [
          { title: "NAME", value: ({ name }) => name },
          { title: "PROTOCOL", value: ({ protocol }) => protocol },
          { title: "YOUR LEVEL", value: ({ level }) => level },
          { title: "POLICY", value: ({ enforce }) => (enforce === "on" ? "enforced" : "observed"), spare: 1 },
          { title: "AGENT", value: ({ agent }) => agent, spare: 2 },
          { title: "TAGS", value: ({ tags }) => tagText(tags) },
        ],
        context.output,
        "There is no resource that you may reach.",
      ),
    );
    return undefined;
  },
});
