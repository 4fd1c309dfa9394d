import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";

export const unlink = defineCommand<[], { provider: string; subject: string }>({
  summary: "Unlink a subject of an identity provider; its sign-ins and live sessions end",
  configure: (command) =>
    command
      .requiredOption("--provider <name>", "the identity provider")
      .requiredOption("--subject <id>", "as `tw identity list` shows it"),
  examples: ["tw identity unlink --provider okta --subject 00u1abcd2EFGH3ijk4l5"],
  run: async (context, { provider, subject }) => {
    await answer((await context.api()).POST("/v1/identities/unlink", { body: { provider, subject } }));
    context.output.result({ provider, subject }, () => [`${subject} of ${provider} is nobody here any more.`]);
    return undefined;
  },
});
