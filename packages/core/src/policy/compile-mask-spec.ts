import { parseJsonPath } from "../json-path.ts";
import type { JsonMaskSpec, MaskSpec, ValueMaskSpec } from "../mask.ts";
import type { DocumentPath, ParsedDocument } from "./document.ts";
import type { PolicyProblem } from "./problem.ts";
import type { MaskInput, ValueMaskInput } from "./schema.ts";

/** Most paths of one JSON mask: each costs a look at every value of a document. */
const MAX_PATHS = 100;

interface Site {
  readonly document: ParsedDocument;
  readonly problems: PolicyProblem[];
}

/** A mask as the document writes it, as data; what is wrong with its paths goes to `problems`. */
export function compileMaskSpec(site: Site, path: DocumentPath, input: MaskInput): MaskSpec {
  if (typeof input !== "object" || input === null || !("json" in input)) return valueMask(input);
  return jsonMask(site, [...path, "json"], input.json);
}

function valueMask(input: ValueMaskInput): ValueMaskSpec {
  if (input === null) return { transform: "null" };
  if (typeof input === "string") return { transform: input };
  if ("last" in input) return { transform: "last", keep: input.last };
  if ("partial" in input) return { transform: "partial", ...input.partial };
  return { transform: "bucket", size: input.bucket };
}

/** In the order of their text, so that one meaning has one form: masks of two rules are compared as data. */
function jsonMask(
  { document, problems }: Site,
  at: DocumentPath,
  paths: Readonly<Record<string, ValueMaskInput>>,
): JsonMaskSpec {
  const named = Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1));
  if (named.length === 0) problems.push(document.problemAt(at, { message: "json names no path" }));
  if (named.length > MAX_PATHS)
    problems.push(document.problemAt(at, { message: `json names more than ${MAX_PATHS} paths` }));
  for (const [path] of named) {
    if (parseJsonPath(path) !== undefined) continue;
    const message = `"${path.slice(0, 60)}" is no path such as $.ssn, $.items[*].card, $["first name"] or $..email`;
    problems.push(document.problemAtKey([...at, path], { message }));
  }
  return { transform: "json", paths: named.map(([path, mask]) => ({ path, mask: valueMask(mask) })) };
}
