import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { parseLevel } from "../../input/access-level.ts";
import { codeLines } from "./codes.ts";

interface Options {
  readonly resource: string;
  readonly level: string;
}

export const create = defineCommand<[name: string], Options>({
  summary: "Make an emergency identity for one resource, before it is needed; prints its codes",
  configure: (command) =>
    command
      .argument("<name>", "of the identity, such as night-shift")
      .requiredOption("--resource <name>", "the one resource that it opens")
      .option("--level <level>", "read | write | admin", "read"),
  examples: ["tw emergency create night-shift --resource prod-db --level write"],
  notes: "Where changes need two people, it waits for the second; then: tw emergency codes NAME.",
  run: async (context, options, name) => {
    const body = { name, resource: options.resource, level: parseLevel(options.level) };
    const made = await answer((await context.api()).POST("/v1/emergency/identities", { body }));
    context.output.result(made, () => codeLines(made));
    return undefined;
  },
});
