import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { fields } from "../../output/table.ts";

export const mode = defineCommand<[wanted: string | undefined]>({
  summary: "Show whether changes that weaken protection need a second person, or switch it",
  configure: (command) => command.argument("[mode]", "on | off"),
  examples: ["tw changes mode", "tw changes mode on"],
  notes: "It can be switched on once there are two administrators. To switch it off takes two people as well.",
  run: async (context, _options, wanted) => {
    const api = await context.api();
    if (wanted !== undefined) {
      if (wanted !== "on" && wanted !== "off") throw new CliError("usage", `"${wanted}" is neither on nor off`);
      await answer(api.PUT("/v1/settings/two-person", { body: { twoPerson: wanted } }));
    }
    const result = await answer(api.GET("/v1/settings"));
    context.output.result(result, () =>
      fields(
        [
          ["second person", result.twoPerson === "on" ? "needed" : "not needed"],
          ["administrators", result.administrators],
        ],
        context.output.paint,
      ),
    );
    return undefined;
  },
});
