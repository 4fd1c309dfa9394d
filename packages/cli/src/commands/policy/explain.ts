import { escapeLines } from "@tidewaiter/core/recording/escape-text";
import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { CliError } from "../../errors.ts";
import { parseLevel } from "../../input/access-level.ts";
import { readPolicies } from "../../input/policy-documents.ts";

interface Options {
  readonly sql?: string;
  readonly as?: string;
  readonly resource: string;
  readonly level: string;
  readonly file?: readonly string[];
}

const SQL_LIMIT = 262_144;
const collect = (value: string, before: readonly string[] = []) => [...before, value];

export const explain = defineCommand<[], Options>({
  summary: "Say which rule would decide about a statement, and why each of the others does not",
  configure: (command) =>
    command
      .requiredOption("--resource <name>", "on this resource")
      .option("--sql <statement>", "the statement; default: stdin")
      .option("--as <principal>", "as this principal; default: you")
      .option("--level <level>", "at this access level", "read")
      .option("-f, --file <path>", "by these policy files in place of the policy in force; may be repeated", collect),
  examples: [
    'tw policy explain --resource prod-db --sql "select email from customers"',
    'tw policy explain --resource prod-db --as ana-helper --level write --sql "delete from orders"',
    "tw policy explain --resource prod-db -f policies < statement.sql",
  ],
  notes: "Labels are found by the names in the statement, as the database itself is not asked. Nothing is run.",
  run: async (context, options) => {
    const documents = options.file === undefined ? {} : { documents: await readPolicies(context, options.file) };
    const as = options.as === undefined ? {} : { as: options.as };
    const level = parseLevel(options.level);
    const body = { sql: await sqlOf(context, options), resource: options.resource, level, ...as, ...documents };
    const result = await answer((await context.api()).POST("/v1/policies/explain", { body }));
    context.output.result(result, () => escapeLines(result.text));
    return undefined;
  },
});

async function sqlOf({ terminal }: CommandContext, { sql }: Options): Promise<string> {
  if (sql !== undefined) return sql;
  if (terminal.interactive) {
    throw new CliError("usage", "which statement?", { next: 'tw policy explain --resource NAME --sql "select ..."' });
  }
  return await terminal.readStdin(SQL_LIMIT);
}
