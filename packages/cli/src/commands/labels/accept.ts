import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";

export const accept = defineCommand<[resource: string, columns: string[]]>({
  summary: "Declare unclassified columns harmless; they are shown from the next statement on",
  configure: (command) =>
    command
      .argument("<resource>", "the resource")
      .argument("<column...>", "`schema.table.column` or `table.column`, `*` allowed"),
  examples: ["tw labels accept prod-db customers.city", 'tw labels accept prod-db "shop.visits.*"'],
  notes: "For a label put the column into the policy instead. What is accepted stands in the audit log.",
  run: async (context, _options, name, columns) => {
    const api = await context.api();
    const request = { params: { path: { name } }, body: { columns } };
    const result = await answer(api.POST("/v1/resources/{name}/labels/accept", request));
    context.output.result(result, () =>
      result.accepted.length === 0
        ? ["All of them were accepted before."]
        : result.accepted.map((column) => `Accepted ${column}.`),
    );
    return undefined;
  },
});
