import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { table } from "../../output/table.ts";
import { tagText } from "../resources/find-resource.ts";

export const list = defineCommand<[]>({
  summary: "List roles, built-in and custom, and what they permit",
  examples: ["tw roles list"],
  notes: "A custom role is a document: kind: role, name, permissions, and scope for tags that a resource must have.",
  run: async (context) => {
    const result = await answer((await context.api()).GET("/v1/roles"));
    context.output.result(result, () =>
      table(
        result.roles,
        [
          { title: "NAME", value: ({ name }) => name },
          { title: "KIND", value: ({ builtIn }) => (builtIn ? "built in" : "custom") },
          { title: "ON", value: ({ scope }) => tagText(scope) || "every resource" },
          { title: "PERMISSIONS", value: ({ permissions }) => permissions.join(" ") },
        ],
        context.output,
        "There are no roles.",
      ),
    );
    return undefined;
  },
});
