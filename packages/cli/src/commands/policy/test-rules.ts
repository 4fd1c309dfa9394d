import { escapeText } from "@tidewaiter/core/recording/escape-text";
import { answer } from "../../api/client.ts";
import type { PolicyTestResult } from "../../api/shapes.ts";
import { defineCommand } from "../../command.ts";
import { EXIT_CODES } from "../../exit-codes.ts";
import { readPolicies } from "../../input/policy-documents.ts";
import type { Paint } from "../../output/colour.ts";

interface Options {
  readonly file?: readonly string[];
}

const collect = (value: string, before: readonly string[] = []) => [...before, value];

export const testRules = defineCommand<[], Options>({
  summary: "Run the tests that stand in the rules: of the policy in force, or of files",
  configure: (command) =>
    command.option("-f, --file <path>", "a policy file, a directory, or -; may be repeated", collect),
  examples: ["tw policy test", "tw policy test -f deploy/examples/policies"],
  notes:
    "A test is written as `sql:`, `ssh:` or `kube:` with what it expects: packages/docs/policy-tests.md. Exit code 9 when a test fails, 8 when a policy is not valid.",
  run: async (context, options) => {
    const documents = options.file === undefined ? {} : { documents: await readPolicies(context, options.file) };
    const result = await answer((await context.api()).POST("/v1/policies/test", { body: documents }));
    context.output.result(result, () => renderResults(result.results, context.output.paint));
    return result.ok ? undefined : EXIT_CODES.check_failed.code;
  },
});

function renderResults(results: readonly PolicyTestResult[], paint: Paint): string[] {
  if (results.length === 0) return ["The rules have no tests. Write them below `tests:` of a rule."];
  const failed = results.filter(({ ok }) => !ok);
  const lines = failed.flatMap(({ document, line, ruleId, text, expected, actual }) => [
    `${paint("red", "failed")}  ${escapeText(document)}:${line}  [${escapeText(ruleId)}]`,
    `        ${escapeText(text)}`,
    `        expected ${escapeText(expected)}, is ${escapeText(actual)}`,
  ]);
  const good = `${results.length - failed.length} of ${results.length} tests passed`;
  return [...lines, failed.length === 0 ? paint("green", good) : paint("red", good)];
}
