import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { renderChange } from "./render-change.ts";

export const show = defineCommand<[id: string]>({
  summary: "Show a change: what it would weaken, before and after",
  configure: (command) => command.argument("<id>", "short id, such as 7Q2F"),
  examples: ["tw changes show 7Q2F"],
  run: async (context, _options, id) => {
    const result = await answer((await context.api()).GET("/v1/changes/{id}", { params: { path: { id } } }));
    context.output.result(result, () => renderChange(result, context.output.paint, context.now()));
    return undefined;
  },
});
