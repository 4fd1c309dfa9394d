/** One step of a path into JSON: a member by name, an element by number, everything inside, or a member at any depth. */
export type JsonPathStep =
  | { readonly type: "member"; readonly name: string }
  | { readonly type: "element"; readonly index: number }
  | { readonly type: "each" }
  | { readonly type: "anywhere"; readonly name: string };

/** Longest path, in UTF-16 code units, and most steps of one. */
export const MAX_JSON_PATH_LENGTH = 500;
const MAX_STEPS = 30;

/** `..name`, `.*`, `.name`, `["name"]`, `['name']`, `[*]`, `[7]` */
const STEP =
  /\.\.(?<anywhere>[\p{L}_$][\p{L}\p{N}_$-]*)|(?<each>\.\*|\[\*\])|\.(?<member>[\p{L}_$][\p{L}\p{N}_$-]*)|\["(?<double>[^"\\\p{Cc}]+)"\]|\['(?<single>[^'\\\p{Cc}]+)'\]|\[(?<index>0|[1-9]\d{0,8})\]/uy;

/**
 * Reads a path of the small language that masks use: `$.contact.email`, `$.items[*].card`, `$["first name"]`, `$..ssn`. It is
 * a part of JSONPath (RFC 9535) without filters, slices and negative indexes. Undefined: it is no such path; `$` alone is none
 * either, since a mask for the whole value says so without a path.
 */
export function parseJsonPath(text: string): readonly JsonPathStep[] | undefined {
  if (!text.startsWith("$") || text.length > MAX_JSON_PATH_LENGTH) return undefined;
  const steps: JsonPathStep[] = [];
  for (let at = 1; at < text.length; ) {
    STEP.lastIndex = at;
    const groups = STEP.exec(text)?.groups;
    if (groups === undefined || steps.length === MAX_STEPS) return undefined;
    steps.push(stepOf(groups));
    at = STEP.lastIndex;
  }
  return steps.length === 0 ? undefined : steps;
}

function stepOf(groups: Readonly<Record<string, string | undefined>>): JsonPathStep {
  const { anywhere, each, index } = groups;
  if (anywhere !== undefined) return { type: "anywhere", name: anywhere };
  if (each !== undefined) return { type: "each" };
  if (index !== undefined) return { type: "element", index: Number(index) };
  return { type: "member", name: groups.member ?? groups.double ?? groups.single ?? "" };
}
