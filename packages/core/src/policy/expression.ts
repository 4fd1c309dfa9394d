import { type ASTNode, TypeError as CelTypeError, EvaluationError, ParseError } from "@marcbachmann/cel-js";
import { type Bindings, CEL, LINEAR_MATCHES, linearPattern, walk } from "./cel.ts";
import { ELEMENT_TYPES, ENVIRONMENT } from "./environment.ts";
import { didYouMean } from "./suggest.ts";

/** `unknown` is an error, a missing value, or anything but true and false: it never loosens a verdict. */
export type Truth = true | false | "unknown";

export interface Expression {
  readonly source: string;
  /** Protocols whose operations it speaks of (`sql`, `kube`); none: it is constant for a session. */
  readonly subjects: readonly string[];
  /** Whether it names a field of an operation, such as `sql.estimated_rows`; true for all of a root that is used as a whole. */
  mentions(root: string, field: string): boolean;
  /** It asks by `has()` whether something is known: then a missing value is not `unknown`, but an answer. */
  readonly asksPresence: boolean;
  evaluate(bindings: Bindings): Truth;
}

/** Offsets are UTF-16 code units in the expression. */
export interface ExpressionProblem {
  readonly message: string;
  readonly hint?: string;
  readonly start: number;
  readonly end: number;
}

export type ExpressionResult =
  | { readonly ok: true; readonly expression: Expression }
  | { readonly ok: false; readonly problem: ExpressionProblem };

/** In UTF-16 code units. */
export const MAX_EXPRESSION_LENGTH = 4_096;

/** Parses and type-checks a CEL expression against the table of names. Never throws on account of its input. */
export function compileExpression(source: string): ExpressionResult {
  if (source.length > MAX_EXPRESSION_LENGTH) {
    return refuse(`expression is longer than ${MAX_EXPRESSION_LENGTH} characters`, 0, 1);
  }
  try {
    const linear = useLinearMatches(source);
    if (!linear.ok) return linear;
    const parsed = CEL.parse(linear.source);
    const unknown = findUnknownName(parsed.ast);
    if (unknown !== undefined) return { ok: false, problem: unknown };
    const check = parsed.check();
    if (check.error !== undefined) return fromCelError(check.error, source);
    if (check.type !== "bool" && check.type !== "dyn") {
      return refuse(`must be true or false, but is of type ${check.type ?? "unknown"}`, 0, source.length);
    }
    return {
      ok: true,
      expression: { source, ...mentions(parsed.ast), evaluate: (bindings) => truth(parsed, bindings) },
    };
  } catch (error) {
    return fromCelError(error, source);
  }
}

function truth(evaluate: (bindings: Bindings) => unknown, bindings: Bindings): Truth {
  try {
    const value = evaluate(bindings);
    return value === true || value === false ? value : "unknown";
  } catch {
    return "unknown";
  }
}

function refuse(message: string, start: number, end: number, hint?: string): { ok: false; problem: ExpressionProblem } {
  return { ok: false, problem: hint === undefined ? { message, start, end } : { message, hint, start, end } };
}

/** Every `matches` must have a literal pattern, is checked as RE2, and is renamed to our linear version of it. */
export function useLinearMatches(
  source: string,
): { ok: true; source: string } | { ok: false; problem: ExpressionProblem } {
  const calls: Extract<ASTNode, { op: "rcall" }>[] = [];
  walk(CEL.parse(source).ast, (node) => {
    if (node.op === "rcall" && (node.args[0] === "matches" || node.args[0] === LINEAR_MATCHES)) calls.push(node);
  });
  let renamed = source;
  for (const { args, range } of calls) {
    const [name, receiver, [pattern]] = args;
    if (name === LINEAR_MATCHES) return refuse(`unknown function "${LINEAR_MATCHES}"`, range.start, range.end);
    if (pattern === undefined || pattern.op !== "value" || typeof pattern.args !== "string") {
      return refuse("matches needs its pattern as a literal", range.start, range.end);
    }
    try {
      linearPattern(pattern.args);
    } catch {
      return refuse("not a valid RE2 pattern", pattern.range.start, pattern.range.end);
    }
    const at = renamed.indexOf("matches", receiver.range.end);
    renamed = renamed.slice(0, at) + LINEAR_MATCHES + renamed.slice(at + LINEAR_MATCHES.length);
  }
  return allRenamed(renamed, calls.length)
    ? { ok: true, source: renamed }
    : refuse("write matches without a comment before it", 0, source.length);
}

function allRenamed(source: string, expected: number): boolean {
  let found = 0;
  walk(CEL.parse(source).ast, (node) => {
    if (node.op === "rcall" && node.args[0] === "matches") found = Number.NaN;
    if (node.op === "rcall" && node.args[0] === LINEAR_MATCHES) found += 1;
  });
  return found === expected;
}

/** The type checker does not look into `has()` and knows no dotted paths, so names below a root are checked here. */
function findUnknownName(ast: ASTNode): ExpressionProblem | undefined {
  let problem: ExpressionProblem | undefined;
  walk(ast, (node) => {
    if (problem !== undefined || node.op !== ".") return;
    const [receiver, field] = node.args;
    if (receiver.op !== "id") return;
    const root = Object.hasOwn(ENVIRONMENT, receiver.args) ? ENVIRONMENT[receiver.args] : undefined;
    if (root === undefined || Object.hasOwn(root.fields, field)) return;
    const candidates = Object.keys(root.fields).map((name) => `${receiver.args}.${name}`);
    const path = `${receiver.args}.${field}`;
    problem = unknownName(path, candidates, { start: receiver.range.start, end: node.range.end });
  });
  return problem;
}

function unknownName(
  name: string,
  candidates: readonly string[],
  range: { start: number; end: number },
): ExpressionProblem {
  const hint = didYouMean(name, candidates);
  const problem = { message: `unknown name "${name}"`, start: range.start, end: range.end };
  return hint === undefined ? problem : { ...problem, hint };
}

function fromCelError(error: unknown, source: string): ExpressionResult {
  const known = error instanceof CelTypeError || error instanceof ParseError || error instanceof EvaluationError;
  if (!known) return refuse("the expression cannot be read", 0, source.length);
  const range = error.range ?? { start: 0, end: source.length };
  const text = source.slice(range.start, range.end);
  if (error.code === "unknown_variable") return { ok: false, problem: unknownRoot(text, range) };
  if (error.code === "no_such_key") return { ok: false, problem: unknownName(text, elementFields(), range) };
  const summary = error.summary.replaceAll(LINEAR_MATCHES, "matches");
  return refuse(`${summary[0]?.toLowerCase() ?? ""}${summary.slice(1)}`, range.start, range.end);
}

/** A field written without its root is answered with the full path. */
function unknownRoot(name: string, range: { start: number; end: number }): ExpressionProblem {
  const root = Object.keys(ENVIRONMENT).find((key) => Object.hasOwn(ENVIRONMENT[key]?.fields ?? {}, name));
  const problem = unknownName(name, Object.keys(ENVIRONMENT), range);
  return root === undefined ? problem : { ...problem, hint: `did you mean "${root}.${name}"?` };
}

function elementFields(): readonly string[] {
  return Object.values(ELEMENT_TYPES).flatMap((fields) => Object.keys(fields));
}

function mentions(ast: ASTNode): Pick<Expression, "subjects" | "mentions" | "asksPresence"> {
  let asksPresence = false;
  const subjects = new Map<string, { bare: number; readonly fields: string[] }>();
  const of = (root: string) => {
    const known = subjects.get(root) ?? { bare: 0, fields: [] };
    subjects.set(root, known);
    return known;
  };
  walk(ast, (node) => {
    if (node.op === "call" && node.args[0] === "has") asksPresence = true;
    if (node.op === "id" && ENVIRONMENT[node.args]?.operation === true) of(node.args).bare++;
    if (node.op !== "." || node.args[0].op !== "id") return;
    const root = node.args[0].args;
    if (ENVIRONMENT[root]?.operation === true) of(root).fields.push(node.args[1]);
  });
  return {
    subjects: [...subjects.keys()].sort(),
    asksPresence,
    mentions(root, field) {
      const known = subjects.get(root);
      return known !== undefined && (known.bare > known.fields.length || known.fields.includes(field));
    },
  };
}
