import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { table } from "../../output/table.ts";

export const list = defineCommand<[]>({
  summary: "List groups and their members",
  examples: ["tw groups list"],
  run: async (context) => {
    const result = await answer((await context.api()).GET("/v1/groups"));
    context.output.result(result, () =>
      table(
        result.groups,
        [
          { title: "NAME", value: ({ name }) => name },
          { title: "MEMBERS", value: ({ members }) => members.join(",") },
          { title: "FROM PROVIDERS", value: ({ providedMembers }) => provided(providedMembers) },
          { title: "ROLES", value: ({ roles }) => roles.join(",") },
          { title: "DESCRIPTION", value: ({ description }) => description },
        ],
        context.output,
        "There are no groups.",
      ),
    );
    return undefined;
  },
});

function provided(members: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(members)
    .map(([provider, names]) => `${provider}: ${names.join(",")}`)
    .join("; ");
}
