import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";

export const revoke = defineCommand<[keys: readonly string[]]>({
  summary: "Revoke API keys; sessions opened with them end within seconds",
  configure: (command) => command.argument("<key...>", "ids or names, as in: tw api-keys list"),
  examples: ["tw api-keys revoke deploy"],
  run: async (context, _options, keys) => {
    const api = await context.api();
    for (const id of keys) await answer(api.DELETE("/v1/api-keys/{id}", { params: { path: { id } } }));
    context.output.result({ revoked: keys }, () => keys.map((id) => `Revoked ${id}.`));
    return undefined;
  },
});
