import { Environment } from "@marcbachmann/cel-js";
import { LINEAR_MATCHES, linearPattern } from "../policy/cel.ts";
import { useLinearMatches } from "../policy/expression.ts";

/** What an expression on claims has to give. */
export interface ClaimResults {
  readonly condition: boolean;
  readonly text: string;
  readonly texts: readonly string[];
}

/** CEL on the claims of a token: `claims.email.split("@")[0]`, `claims.groups.filter(g, g.startsWith("db-"))`. */
export interface ClaimExpression<Kind extends keyof ClaimResults> {
  readonly source: string;
  /** Undefined for a missing claim, an error, and a value of another kind. */
  evaluate(claims: Readonly<Record<string, unknown>>): ClaimResults[Kind] | undefined;
}

export type ClaimExpressionResult<Kind extends keyof ClaimResults> =
  | { readonly ok: true; readonly expression: ClaimExpression<Kind> }
  | { readonly ok: false; readonly message: string };

/** In UTF-16 code units. */
const MAX_LENGTH = 4096;
/** Claims are written by others: deep ones are not read, and lists end. */
const MAX_DEPTH = 8;
const MAX_TEXTS = 2000;
const MAX_TEXT = 512;

const CEL_TYPES = { condition: ["bool"], text: ["string"], texts: ["list", "list<string>", "list<dyn>"] } as const;

const CLAIMS = createEnvironment();

function createEnvironment(): Environment {
  const environment = new Environment({
    unlistedVariablesAreDyn: false,
    limits: { maxAstNodes: 500, maxDepth: 30, maxListElements: 200, maxMapEntries: 50, maxCallArguments: 10 },
  });
  environment.registerVariable("claims", "map<string, dyn>");
  environment.registerFunction(`string.${LINEAR_MATCHES}(string): bool`, (text: string, pattern: string) =>
    linearPattern(pattern).matcher(text).find(),
  );
  return environment;
}

/** Checked once, when it is configured. Never throws on account of its input. */
export function compileClaimExpression<Kind extends keyof ClaimResults>(
  kind: Kind,
  source: string,
): ClaimExpressionResult<Kind> {
  if (source.length > MAX_LENGTH) return { ok: false, message: `longer than ${MAX_LENGTH} characters` };
  try {
    const linear = useLinearMatches(source);
    if (!linear.ok) return { ok: false, message: linear.problem.message };
    const parsed = CLAIMS.parse(linear.source);
    const check = parsed.check();
    if (check.error !== undefined) return { ok: false, message: firstLine(check.error) };
    const type = check.type ?? "unknown";
    const wanted: readonly string[] = CEL_TYPES[kind];
    if (type !== "dyn" && !wanted.includes(type)) {
      return { ok: false, message: `has to give ${WORDS[kind]}, but gives a value of type ${type}` };
    }
    return { ok: true, expression: { source, evaluate: (claims) => evaluate(parsed, kind, claims) } };
  } catch (error) {
    return { ok: false, message: firstLine(error) };
  }
}

const WORDS = { condition: "true or false", text: "a text", texts: "a list of texts" } as const;

function evaluate<Kind extends keyof ClaimResults>(
  run: (context: Record<string, unknown>) => unknown,
  kind: Kind,
  claims: Readonly<Record<string, unknown>>,
): ClaimResults[Kind] | undefined {
  try {
    return asKind(kind, run({ claims: celValue(claims, 0) }));
  } catch {
    return undefined;
  }
}

function asKind<Kind extends keyof ClaimResults>(kind: Kind, value: unknown): ClaimResults[Kind] | undefined {
  const fits = kind === "condition" ? typeof value === "boolean" : kind === "text" ? isText(value) : isTexts(value);
  return fits ? (value as ClaimResults[Kind]) : undefined;
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value.length <= MAX_TEXT;
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.length <= MAX_TEXTS && value.every(isText);
}

/** Whole numbers are ints in CEL, which are bigints in the library; names of prototypes are no claims. */
function celValue(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) return null;
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map((item) => celValue(item, depth + 1));
  if (typeof value !== "object" || value === null) return value;
  return new Map(Object.entries(value).map(([key, entry]) => [key, celValue(entry, depth + 1)]));
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n")[0] ?? "cannot be read";
}
