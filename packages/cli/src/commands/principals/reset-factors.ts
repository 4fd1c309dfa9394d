import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";

interface Options {
  readonly yes?: boolean;
}

export const resetFactors = defineCommand<[name: string], Options>({
  summary: "Take all second factors of a person who lost them; every sign-in of theirs ends",
  configure: (command) => command.argument("<name>", "the person").option("-y, --yes", "do not ask first"),
  examples: ["tw principals reset-factors ana", "tw principals reset-factors ana --yes"],
  notes:
    "Their password alone signs in afterwards, or nothing does where second factors are required and none is added then.\n" +
    "Make sure that it is the person who asks, and not somebody who has the password.",
  run: async (context, options, name) => {
    const api = await context.api();
    const call = { params: { path: { name } } };
    if (options.yes !== true) {
      if (!context.terminal.interactive) {
        throw new CliError("usage", "there is no terminal to ask at", {
          next: `tw principals reset-factors ${name} --yes`,
        });
      }
      const has = await answer(api.GET("/v1/principals/{name}/second-factors", call));
      const held = `${has.totp === undefined ? "no" : "an"} authenticator app, ${has.passkeys.length} passkeys`;
      const reply = await context.terminal.ask(`${name} has ${held}. Take them all? [y/N] `);
      if (!/^y(es)?$/i.test(reply.trim())) throw new CliError("interrupted", "nothing was changed");
    }
    await answer(api.DELETE("/v1/principals/{name}/second-factors", call));
    context.output.result({ name }, () => [`Took all second factors of ${name}; every sign-in of theirs has ended.`]);
    return undefined;
  },
});
