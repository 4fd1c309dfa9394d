import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { readDocuments } from "../../input/documents.ts";
import { renderChanges } from "./render-changes.ts";

interface Options {
  readonly file: readonly string[];
  readonly dryRun?: boolean;
}

const collect = (value: string, before: readonly string[] = []) => [...before, value];

export const apply = defineCommand<[], Options>({
  summary: "Bring principals, groups, resources, grants and policies to what documents say: all or nothing",
  configure: (command) =>
    command
      .requiredOption("-f, --file <path>", "a YAML file, a directory, or - for stdin; may be repeated", collect)
      .option("--dry-run", "show what would change, and change nothing"),
  examples: ["tw apply -f deploy/examples --dry-run", "tw apply -f deploy/examples", "tw apply -f - < prod-db.yaml"],
  notes:
    "Applying the same documents again changes nothing. What no document names stays; `state: absent` removes.\n" +
    "A policy without a name is called like its file: below a directory by its path in it (policies/pii.yaml).",
  run: async (context, options) => {
    const documents = await readDocuments(context, options.file);
    const body = { documents, dryRun: options.dryRun === true };
    const result = await answer((await context.api()).POST("/v1/apply", { body })).catch((error: unknown) => {
      throw notApplied(error);
    });
    context.output.result(result, () => renderChanges(result, context.output.paint));
    return undefined;
  },
});

/** Documents are files of the person: what is wrong in them is not a wrong command line. */
function notApplied(error: unknown): unknown {
  if (!(error instanceof CliError) || (error.exit !== "usage" && error.exit !== "invalid")) return error;
  return new CliError("invalid", "not applied: the documents are not valid", {
    ...(error.why === undefined ? {} : { why: error.why }),
    next: "What was in force stays in force. Correct the files, then apply again.",
    cause: error,
  });
}
