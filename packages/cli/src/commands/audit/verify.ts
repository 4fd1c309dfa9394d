import { escapeText } from "@tidewaiter/core/recording/escape-text";
import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { EXIT_CODES } from "../../exit-codes.ts";

export const verify = defineCommand<[]>({
  summary: "Is the chain of audit events whole?",
  examples: ["tw audit verify"],
  notes: "Exit code 9 when an event was changed, removed or put elsewhere.",
  run: async (context) => {
    const result = await answer((await context.api()).GET("/v1/audit/verify"));
    const { paint } = context.output;
    context.output.result(result, () =>
      result.ok
        ? [`${paint("green", "whole")}: ${result.events} events; head ${escapeText(result.head)}`]
        : [paint("red", "NOT whole"), ...result.problems.map((problem) => `  ${escapeText(problem)}`)],
    );
    return result.ok ? undefined : EXIT_CODES.check_failed.code;
  },
});
