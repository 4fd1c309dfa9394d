import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";

export const revoke = defineCommand<[ids: readonly string[]]>({
  summary: "End delegations to AI agents; their sessions end within seconds",
  configure: (command) => command.argument("<id...>", "ids, as in: tw delegations list"),
  examples: ["tw delegations revoke dlg_01hx5tq8v2m4k6n8p0r2t4w6y8"],
  run: async (context, _options, ids) => {
    const api = await context.api();
    for (const id of ids) await answer(api.DELETE("/v1/delegations/{id}", { params: { path: { id } } }));
    context.output.result({ revoked: ids }, () => ids.map((id) => `Revoked ${id}.`));
    return undefined;
  },
});
