import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { table } from "../../output/table.ts";
import { utc } from "../../output/times.ts";
import { tagText } from "../resources/find-resource.ts";

export const list = defineCommand<[]>({
  summary: "List grants: who may reach what at which level",
  examples: ["tw grants list"],
  run: async (context) => {
    const result = await answer((await context.api()).GET("/v1/grants"));
    context.output.result(result, () =>
      table(
        result.grants,
        [
          { title: "NAME", value: ({ name }) => name },
          { title: "WHO", value: ({ principal, group }) => principal ?? `group:${group ?? ""}` },
          { title: "WHAT", value: ({ resource, tags }) => resource ?? tagText(tags ?? {}) },
          { title: "LEVEL", value: ({ level }) => level },
          { title: "UNTIL", value: ({ expiresAt }) => (expiresAt === null ? "open" : utc(expiresAt)) },
        ],
        context.output,
        "There are no grants.",
      ),
    );
    return undefined;
  },
});
