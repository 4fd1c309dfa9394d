import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { readSecret, type SecretOptions } from "../../input/secret.ts";

export const password = defineCommand<[name: string], SecretOptions>({
  summary: "Set the password of a principal; every access token of it ends",
  configure: (command) =>
    command
      .argument("<name>", "the principal")
      .option("--password-stdin", "read the password from stdin")
      .option("--password-file <file>", "read the password from a file"),
  examples: ["tw principals password ana", "tw principals password ana --password-stdin < secret"],
  notes: "It may also stand in the variable TIDEWAITER_NEW_PASSWORD.",
  run: async (context, options, name) => {
    const from = { variable: "TIDEWAITER_NEW_PASSWORD", question: `new password of ${name}`, twice: true };
    const secret = await readSecret(context, options, from);
    const api = await context.api();
    const params = { path: { name } };
    await answer(api.PUT("/v1/principals/{name}/password", { params, body: { password: secret } }));
    context.output.result({ name }, () => [`Set the password of ${name}.`]);
    return undefined;
  },
});
