import { escapeText } from "@tidewaiter/core/recording/escape-text";
import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { parseLevel } from "../../input/access-level.ts";

interface Options {
  readonly as?: string;
  readonly resource: string;
  readonly level?: string;
}

export const explain = defineCommand<[], Options>({
  summary: "Say step by step why somebody may reach a resource, or not",
  configure: (command) =>
    command
      .option("--as <name>", "a principal; default: you")
      .requiredOption("--resource <name>", "what it is about")
      .option("--level <level>", "read | write | admin; default: the lowest that has a credential"),
  examples: ["tw access explain --resource prod-db", "tw access explain --as ana --resource prod-db --level write"],
  run: async (context, { as, resource, level }) => {
    const query = { resource, ...(as && { as }), ...(level && { level: parseLevel(level) }) };
    const result = await answer((await context.api()).GET("/v1/access/explain", { params: { query } }));
    const { paint } = context.output;
    context.output.result(result, () => [
      result.allowed
        ? paint("green", `${result.principal} may reach ${result.resource}, level ${result.level}:`)
        : paint("red", `${result.principal} may not reach ${result.resource} now:`),
      ...result.steps.map(({ ok, text }) => {
        const sign = ok === null ? " " : ok ? "+" : "-";
        return paint(ok === null ? "dim" : ok ? "green" : "red", `  ${sign} ${escapeText(text)}`);
      }),
    ]);
    return undefined;
  },
});
