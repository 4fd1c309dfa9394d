import { parseAllDocuments } from "yaml";
import type { CommandContext } from "../context.ts";
import { CliError } from "../errors.ts";
import { readDocuments, type SourceDocument } from "./documents.ts";

/**
 * The policies among the files of `paths`; resources, grants and the like are left out with a note.
 * @throws CliError `usage` when there are none
 */
export async function readPolicies(context: CommandContext, paths: readonly string[]): Promise<SourceDocument[]> {
  const all = await readDocuments(context, paths);
  const policies = all.filter(({ source }) => isPolicy(source));
  const others = all.filter((document) => !policies.includes(document)).map(({ name }) => name);
  if (others.length > 0) context.output.note(`Left out, as they are no policies: ${others.join(", ")}`);
  if (policies.length > 0) return policies;
  throw new CliError("usage", "there is no policy in these files", {
    why: "a policy is a file of one document with `version: 1` and no `kind`",
  });
}

/** A file that is not YAML counts as one, so that the server says what is wrong in it. */
function isPolicy(source: string): boolean {
  const documents = parseAllDocuments(source);
  const [first] = documents;
  if (!Array.isArray(documents) || first === undefined || documents.length > 1) return false;
  if (first.errors.length > 0) return true;
  return !first.has("kind");
}
