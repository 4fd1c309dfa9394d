import { escapeLines } from "@tidewaiter/core/recording/escape-text";
import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { CliError } from "../../errors.ts";
import { parseLevel } from "../../input/access-level.ts";
import { readPolicies } from "../../input/policy-documents.ts";

interface Options {
  readonly sql?: string;
  readonly ssh?: string;
  readonly kube?: string;
  readonly as?: string;
  readonly resource: string;
  readonly level: string;
  readonly file?: readonly string[];
}

const STDIN_LIMIT = 262_144;
const collect = (value: string, before: readonly string[] = []) => [...before, value];

export const explain = defineCommand<[], Options>({
  summary: "Say which rule would decide about a statement, a command or a request, and why each of the others does not",
  configure: (command) =>
    command
      .requiredOption("--resource <name>", "on this resource")
      .option("--sql <statement>", "the statement; default: stdin")
      .option("--ssh <command>", "the command line, on a host")
      .option(
        "--kube <request>",
        "the request, on a cluster: VERB TYPE[/NAME] [-n NAMESPACE] [--subresource SUB], or VERB /PATH",
      )
      .option("--as <principal>", "as this principal; default: you")
      .option("--level <level>", "at this access level", "read")
      .option("-f, --file <path>", "by these policy files in place of the policy in force; may be repeated", collect),
  examples: [
    'tw policy explain --resource prod-db --sql "select email from customers"',
    'tw policy explain --resource prod-db --as ana-helper --level write --sql "delete from orders"',
    "tw policy explain --resource prod-db -f policies < statement.sql",
    'tw policy explain --resource web-1 --as ana --ssh "rm -rf /srv"',
    'tw policy explain --resource prod --level write --kube "delete namespace/payments"',
    "tw policy explain --resource prod --level write --kube \"exec web-1 -n shop -- sh -c 'id'\"",
  ],
  notes:
    "Labels are found by the names in the statement, as the database itself is not asked. Nothing is run. How requests are written: packages/docs/policy-tests.md.",
  run: async (context, options) => {
    const documents = options.file === undefined ? {} : { documents: await readPolicies(context, options.file) };
    const as = options.as === undefined ? {} : { as: options.as };
    const level = parseLevel(options.level);
    const body = { ...(await askedOf(context, options)), resource: options.resource, level, ...as, ...documents };
    const result = await answer((await context.api()).POST("/v1/policies/explain", { body }));
    context.output.result(result, () => escapeLines(result.text));
    return undefined;
  },
});

type Asked = { readonly sql: string } | { readonly ssh: string } | { readonly kube: string };

async function askedOf({ terminal }: CommandContext, { sql, ssh, kube }: Options): Promise<Asked> {
  const given: Asked[] = [];
  if (sql !== undefined) given.push({ sql });
  if (ssh !== undefined) given.push({ ssh });
  if (kube !== undefined) given.push({ kube });
  const [asked, second] = given;
  if (second !== undefined) throw new CliError("usage", "one of --sql, --ssh and --kube, please");
  if (asked !== undefined) return asked;
  if (terminal.interactive) {
    const next = 'tw policy explain --resource NAME --sql "select ..."   or --ssh "...", --kube "..."';
    throw new CliError("usage", "which statement, command or request?", { next });
  }
  return { sql: await terminal.readStdin(STDIN_LIMIT) };
}
