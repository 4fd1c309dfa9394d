import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { renderRequest } from "./render-request.ts";

export const giveBack = defineCommand<[id: string]>({
  summary: "Withdraw an access request, or give the access back before its time",
  configure: (command) => command.argument("<id>", "short id, such as 7Q2F"),
  examples: ["tw requests return 7Q2F"],
  notes: "Sessions that were opened on it end within seconds.",
  run: async (context, _options, id) => {
    const call = { params: { path: { id } } };
    const result = await answer((await context.api()).POST("/v1/access-requests/{id}/return", call));
    context.output.result(result, () => renderRequest(result, context.output.paint, context.now()));
    return undefined;
  },
});
