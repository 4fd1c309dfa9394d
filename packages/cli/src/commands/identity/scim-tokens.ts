import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { table } from "../../output/table.ts";
import { relative } from "../../output/times.ts";

interface Options {
  readonly revoke?: string;
}

export const scimTokens = defineCommand<[provider: string], Options>({
  summary: "List the SCIM tokens of an identity provider, or end one at once",
  configure: (command) =>
    command.argument("<provider>", "name of the identity provider").option("--revoke <id>", "end this one"),
  examples: ["tw identity scim-tokens okta", "tw identity scim-tokens okta --revoke tok_01hx5tq8v2m4k6n8p0r2t4w6y8"],
  run: async (context, options, name) => {
    const api = await context.api();
    if (options.revoke !== undefined) {
      const path = { name, id: options.revoke };
      await answer(api.DELETE("/v1/identity-providers/{name}/scim-tokens/{id}", { params: { path } }));
      context.output.result({ revoked: options.revoke }, () => [`Revoked ${options.revoke}.`]);
      return undefined;
    }
    const path = { name };
    const result = await answer(api.GET("/v1/identity-providers/{name}/scim-tokens", { params: { path } }));
    const at = (instant: string | null) => (instant === null ? "never" : relative(instant, context.now()));
    context.output.result(result, () =>
      table(
        result.tokens,
        [
          { title: "ID", value: ({ id }) => id },
          { title: "MADE", value: ({ createdAt }) => at(createdAt) },
          { title: "BY", value: ({ createdBy }) => createdBy },
          { title: "ENDS", value: ({ expiresAt }) => at(expiresAt) },
          { title: "LAST USED", value: ({ lastUsedAt }) => at(lastUsedAt) },
        ],
        context.output,
        `${name} has no SCIM token. Make one: tw identity scim-token ${name}`,
      ),
    );
    return undefined;
  },
});
