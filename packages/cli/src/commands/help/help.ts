import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { TOPICS } from "./topics.ts";

export const help = defineCommand<[topic: string]>({
  summary: "Help for a command, or about exit-codes or environment",
  configure: (command) => command.argument("<topic>", Object.keys(TOPICS).join(" or ")),
  examples: ["tw help exit-codes", "tw help environment", "tw help sessions replay"],
  run: async (context, _options, topic) => {
    const found = Object.hasOwn(TOPICS, topic) ? TOPICS[topic]?.() : undefined;
    if (found === undefined) throw new CliError("usage", `there is no help about ${topic}`, { next: "tw --help" });
    context.output.result(found.value, () => found.lines);
    return undefined;
  },
});
