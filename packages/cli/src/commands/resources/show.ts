import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { fields } from "../../output/table.ts";
import { tagText } from "./find-resource.ts";

export const show = defineCommand<[name: string]>({
  summary: "Show a resource with its target; credentials are named, never shown",
  configure: (command) => command.argument("<name>", "the resource"),
  examples: ["tw resources show prod-db"],
  run: async (context, _options, name) => {
    const api = await context.api();
    const resource = await answer(api.GET("/v1/resources/{name}", { params: { path: { name } } }));
    context.output.result(resource, () =>
      fields(
        [
          ["resource", resource.name],
          ["protocol", resource.protocol],
          ["address", resource.address],
          ["agent", resource.agent],
          ["tags", tagText(resource.tags)],
          ["policy", resource.enforce === "on" ? "enforced" : "observed only"],
          ...resource.credentials.map(
            ({ level, type, username, reference }) =>
              [`credential ${level}`, `${username || "the secret's user"} (${reference ?? type})`] as const,
          ),
          ["target", JSON.stringify(resource.target)],
        ],
        context.output.paint,
      ),
    );
    return undefined;
  },
});
