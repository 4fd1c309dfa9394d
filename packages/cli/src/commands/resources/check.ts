import { escapeText } from "@tidewaiter/core/recording/escape-text";
import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { EXIT_CODES } from "../../exit-codes.ts";
import { parseLevel } from "../../input/access-level.ts";
import type { Style } from "../../output/colour.ts";

interface Options {
  readonly level: string;
}

const STYLES: Readonly<Record<string, Style>> = { ok: "green", info: "cyan", warning: "yellow", problem: "red" };

export const check = defineCommand<[name: string], Options>({
  summary: "Dial a resource and say what its target role can do that it should not",
  configure: (command) =>
    command.argument("<name>", "the resource").option("--level <level>", "with the credential of this level", "read"),
  examples: ["tw resources check prod-db", "tw resources check prod-db --level write"],
  notes: "Exit code 9 when it finds a problem; warnings leave it at 0.",
  run: async (context, options, name) => {
    const body = { level: parseLevel(options.level) };
    const api = await context.api();
    const result = await answer(api.POST("/v1/resources/{name}/check", { params: { path: { name } }, body }));
    const { paint } = context.output;
    context.output.result(result, () =>
      result.findings.flatMap(({ severity, message, code, mend }) => [
        `${paint(STYLES[severity] ?? "dim", severity.padEnd(7))}  ${escapeText(message)} ${paint("dim", `[${escapeText(code)}]`)}`,
        ...(mend === undefined ? [] : [`         ${paint("dim", escapeText(mend))}`]),
      ]),
    );
    const found = result.findings.some(({ severity }) => severity === "problem");
    return found ? EXIT_CODES.check_failed.code : undefined;
  },
});
