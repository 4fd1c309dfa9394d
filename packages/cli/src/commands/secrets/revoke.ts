import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";

export const revoke = defineCommand<[ids: readonly string[]]>({
  summary: "Revoke connection secrets; sessions opened with them end within seconds",
  configure: (command) => command.argument("<id...>", "ids, as in: tw secrets list"),
  examples: ["tw secrets revoke sec_01hx5tq8v2m4k6n8p0r2t4w6y8"],
  run: async (context, _options, ids) => {
    const api = await context.api();
    for (const id of ids) await answer(api.DELETE("/v1/connection-secrets/{id}", { params: { path: { id } } }));
    context.output.result({ revoked: ids }, () => ids.map((id) => `Revoked ${id}.`));
    return undefined;
  },
});
