import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";

interface Options {
  readonly all?: boolean;
}

export const revoke = defineCommand<[ids: readonly string[]], Options>({
  summary: "Revoke connection secrets; sessions opened with them end within seconds",
  configure: (command) =>
    command
      .argument("[id...]", "ids, as in: tw secrets list")
      .option("--all", "all of yours, and of AI agents that act for you"),
  examples: ["tw secrets revoke sec_01hx5tq8v2m4k6n8p0r2t4w6y8", "tw secrets revoke --all"],
  run: async (context, options, named) => {
    if ((options.all === true) === named.length > 0) {
      throw new CliError("usage", "give ids, or --all", { next: "tw secrets list" });
    }
    const api = await context.api();
    const own = async () => (await answer(api.GET("/v1/connection-secrets", { params: { query: {} } }))).secrets;
    const ids = options.all ? (await own()).map(({ id }) => id) : named;
    for (const id of ids) await answer(api.DELETE("/v1/connection-secrets/{id}", { params: { path: { id } } }));
    context.output.result({ revoked: ids }, () => ids.map((id) => `Revoked ${id}.`));
    return undefined;
  },
});
