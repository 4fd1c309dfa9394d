import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { table } from "../../output/table.ts";

export const list = defineCommand<[]>({
  summary: "List principals",
  examples: ["tw principals list"],
  run: async (context) => {
    const result = await answer((await context.api()).GET("/v1/principals"));
    context.output.result(result, () =>
      table(
        result.principals,
        [
          { title: "NAME", value: ({ name }) => name },
          { title: "KIND", value: ({ kind }) => kind },
          { title: "ACTS FOR", value: ({ onBehalfOf }) => onBehalfOf },
          { title: "ROLES", value: ({ roles }) => roles.join(",") },
          { title: "GROUPS", value: ({ groups }) => groups.join(",") },
          { title: "STATE", value: stateOf },
        ],
        context.output,
        "There are no principals.",
      ),
    );
    return undefined;
  },
});

function stateOf(principal: { readonly disabled: boolean; readonly suspendedBy: string | null }): string {
  if (principal.disabled) return "disabled";
  return principal.suspendedBy === null ? "active" : `suspended by ${principal.suspendedBy}`;
}
