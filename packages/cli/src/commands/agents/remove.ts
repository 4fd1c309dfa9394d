import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";

export const remove = defineCommand<[name: string]>({
  summary: "Remove an agent: sessions through it end, and it may not connect again",
  configure: (command) => command.argument("<name>", "the agent"),
  examples: ["tw agents remove eu-1", "tw agent token eu-1 > join-token       its successor joins under the same name"],
  run: async (context, _options, name) => {
    await answer((await context.api()).DELETE("/v1/agents/{name}", { params: { path: { name } } }));
    context.output.result({ removed: name }, () => [`Removed agent ${name}.`]);
    return undefined;
  },
});
