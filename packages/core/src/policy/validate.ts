import { z } from "zod";
import { type DocumentPath, MAX_DOCUMENT_LENGTH, ParsedDocument, type PolicyDocument } from "./document.ts";
import type { PolicyProblem } from "./problem.ts";
import { type DocumentInput, documentSchema } from "./schema.ts";
import { closest, didYouMean } from "./suggest.ts";

export type ValidationResult =
  | { readonly ok: true; readonly document: ParsedDocument; readonly input: DocumentInput }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

const MAX_PROBLEMS = 100;

/** Parses one document and checks its form. Never throws on account of its input. */
export function validateDocument(source: PolicyDocument): ValidationResult {
  if (source.source.length > MAX_DOCUMENT_LENGTH) return refuse(source.name, "document is larger than 1 MiB");
  let document: ParsedDocument;
  let data: unknown;
  try {
    document = new ParsedDocument(source);
    const problems = document.syntaxProblems();
    if (problems.length > 0) return { ok: false, problems: problems.slice(0, MAX_PROBLEMS) };
    data = document.toData();
  } catch {
    // Only nesting beyond the stack gets here: the YAML parser collects everything else as errors.
    return refuse(source.name, "not valid YAML: it is nested too deeply");
  }
  const parsed = documentSchema.safeParse(data ?? {});
  if (parsed.success) return { ok: true, document, input: parsed.data };
  const problems = parsed.error.issues.flatMap((issue) => describeIssue(document, issue, data));
  return { ok: false, problems: problems.slice(0, MAX_PROBLEMS) };
}

function refuse(document: string, message: string): ValidationResult {
  return { ok: false, problems: [{ document, line: 1, column: 1, path: "", message, excerpt: "" }] };
}

function describeIssue(document: ParsedDocument, issue: z.core.$ZodIssue, data: unknown): readonly PolicyProblem[] {
  if (issue.code === "unrecognized_keys") {
    const known = keysAt(documentSchema, issue.path);
    return issue.keys.map((key) => {
      const hint = didYouMean(key, known);
      const message = `unknown key "${key}"`;
      return document.problemAtKey([...issue.path, key], hint === undefined ? { message } : { message, hint });
    });
  }
  if (issue.code === "invalid_union") {
    const inner = deepestIssues(issue);
    if (inner !== undefined) {
      return inner.flatMap((each) => describeIssue(document, { ...each, path: [...issue.path, ...each.path] }, data));
    }
  }
  const value = valueAt(data, issue.path);
  const missing = value === undefined && issue.path.length > 0;
  const message = missing
    ? `"${String(issue.path.at(-1))}" is missing`
    : `${lastName(issue.path)}${messageOf(issue, value)}`;
  const hint = hintOf(issue, value);
  return [document.problemAt(issue.path, hint === undefined ? { message } : { message, hint })];
}

function lastName(path: DocumentPath): string {
  const last = path.findLast((part) => typeof part === "string");
  return last === undefined ? "" : `${String(last)} `;
}

function messageOf(issue: z.core.$ZodIssue, value: unknown): string {
  switch (issue.code) {
    case "invalid_value":
      return `must be ${oneOf(issue.values)}, not ${shown(value)}`;
    case "invalid_type":
      return `must be ${TYPE_NAMES[issue.expected] ?? issue.expected}, not ${shown(value)}`;
    case "too_small":
      return `is ${issue.origin === "number" || issue.origin === "int" ? "smaller than" : "shorter than"} ${issue.minimum}`;
    case "too_big":
      return `is ${issue.origin === "number" || issue.origin === "int" ? "larger than" : "longer than"} ${issue.maximum}`;
    case "invalid_format":
      return `${shown(value)} ${issue.message}`;
    case "invalid_union":
      return `has a form that is not understood: ${shown(value)}`;
    default:
      return `is not valid: ${issue.message}`;
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: "text",
  array: "a list",
  object: "a mapping",
  record: "a mapping",
  int: "a whole number",
  number: "a number",
  boolean: "true or false",
};

function oneOf(values: readonly z.core.util.Primitive[]): string {
  return values.length === 1 ? String(values[0]) : `one of ${values.map(String).join(", ")}`;
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a mapping";
  if (typeof value === "string") return `"${value.slice(0, 60)}"`;
  return value === undefined ? "nothing" : String(value);
}

function hintOf(issue: z.core.$ZodIssue, value: unknown): string | undefined {
  if (issue.code === "invalid_value" && typeof value === "string") return didYouMean(value, issue.values.map(String));
  if (issue.code !== "invalid_union" || typeof value !== "string") return undefined;
  const names = issue.errors.flat().flatMap((each) => (each.code === "invalid_value" ? each.values.map(String) : []));
  const meant = closest(value, names);
  return meant === undefined ? issueFormats(issue) : `did you mean "${meant}"?`;
}

/** A union's own words, from its string branch: `is not a duration such as 90s`. */
function issueFormats(issue: z.core.$ZodIssueInvalidUnion): string | undefined {
  const format = issue.errors.flat().find((each) => each.code === "invalid_format");
  return format?.message;
}

/** The branch of a union that got furthest, when one went below the union itself. */
function deepestIssues(issue: z.core.$ZodIssueInvalidUnion): readonly z.core.$ZodIssue[] | undefined {
  const deeper = issue.errors.filter((branch) =>
    branch.some((each) => each.path.length > 0 || each.code === "unrecognized_keys"),
  );
  // a branch that knows every key at its top is the one that was meant
  const meant = deeper.find((branch) => branch.every((each) => each.path.length > 0)) ?? deeper[0];
  // A misspelt key also makes the right one missing; only the slip itself is worth saying.
  const unknown = meant?.filter((each) => each.code === "unrecognized_keys") ?? [];
  return unknown.length > 0 ? unknown : meant;
}

function valueAt(data: unknown, path: DocumentPath): unknown {
  let value: unknown = data;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}

/** Keys that the schema allows at a path. */
function keysAt(schema: z.core.$ZodType, path: DocumentPath): readonly string[] {
  if (schema instanceof z.ZodOptional) return keysAt(schema.unwrap(), path);
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => keysAt(option, path));
  const [part, ...rest] = path;
  if (schema instanceof z.ZodObject) {
    if (part === undefined) return Object.keys(schema.shape);
    const child: unknown = schema.shape[String(part)];
    return child instanceof z.ZodType ? keysAt(child, rest) : [];
  }
  if (part === undefined) return [];
  if (schema instanceof z.ZodRecord) return keysAt(schema.valueType, rest);
  return schema instanceof z.ZodArray ? keysAt(schema.element, rest) : [];
}
