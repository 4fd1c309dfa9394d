import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";

export const link = defineCommand<[principal: string], { provider: string; subject: string }>({
  summary: "Say which user a subject of an identity provider is",
  configure: (command) =>
    command
      .argument("<principal>", "the user here")
      .requiredOption("--provider <name>", "the identity provider")
      .requiredOption("--subject <id>", "what the provider calls them for ever (claim sub), never an e-mail address"),
  examples: ["tw identity link ana --provider okta --subject 00u1abcd2EFGH3ijk4l5"],
  notes: "`tw audit list --type login` shows the subject of whoever was refused because the name is taken.",
  run: async (context, { provider, subject }, principal) => {
    await answer((await context.api()).POST("/v1/identities", { body: { provider, subject, principal } }));
    context.output.result({ principal, provider, subject }, () => [`${subject} of ${provider} is ${principal}.`]);
    return undefined;
  },
});
