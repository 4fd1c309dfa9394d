import { access } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { runChild } from "../../process/run-child.ts";

/** The corpus and what runs it are part of the checkout, not of an installation. */
const RUNNER = fileURLToPath(new URL("../../../../../scripts/corpus/main.ts", import.meta.url));

export const attack = defineCommand<[args: readonly string[]]>({
  summary: "Against a running demo: an AI agent with valid access tries the bypass corpus through an unchanged psql",
  configure: (command) => command.argument("[args...]", "after --, for the runner"),
  examples: ["tw demo attack", "tw demo attack -- --help"],
  run: async (context, _options, args) => {
    await access(RUNNER).catch((cause: unknown) => {
      throw new CliError("missing_program", "the attack needs the checkout of Tidewaiter", {
        why: "the corpus and its runner are not part of this installation",
        next: "Clone the repository; there run ./scripts/demo, and in a second terminal ./tw demo attack",
        cause,
      });
    });
    return await runChild(process.execPath, [RUNNER, "--demo", ...args], { variables: context.env.variables });
  },
});
