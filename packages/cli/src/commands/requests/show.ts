import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { renderRequest } from "./render-request.ts";

export const show = defineCommand<[id: string]>({
  summary: "Show an access request: who asks for what, why, and who decided",
  configure: (command) => command.argument("<id>", "short id, such as 7Q2F"),
  examples: ["tw requests show 7Q2F"],
  run: async (context, _options, id) => {
    const result = await answer((await context.api()).GET("/v1/access-requests/{id}", { params: { path: { id } } }));
    context.output.result(result, () => renderRequest(result, context.output.paint, context.now()));
    return undefined;
  },
});
