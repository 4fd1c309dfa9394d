import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";

export const end = defineCommand<[id: string]>({
  summary: "End the use of an emergency identity before its hour is over; its sessions end",
  configure: (command) => command.argument("<id>", "of the emergency, such as 7Q2FKD"),
  examples: ["tw emergency end 7Q2FKD"],
  run: async (context, _options, id) => {
    const call = { params: { path: { id } } };
    const use = await answer((await context.api()).POST("/v1/emergency/uses/{id}/end", call));
    context.output.result(use, () => [`Ended ${use.shortId} on ${use.resourceName}. It is still to be reviewed.`]);
    return undefined;
  },
});
