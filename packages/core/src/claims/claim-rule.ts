import { Environment } from "@marcbachmann/cel-js";
import { LINEAR_MATCHES, linearPattern } from "../policy/cel.ts";
import { useLinearMatches } from "../policy/expression.ts";

/** A condition on the claims of a token, in CEL: `claims.environment == "production" && "ops" in claims.groups`. */
export interface ClaimRule {
  readonly source: string;
  /** False also for a missing claim, an error, and anything but true: it never lets anybody in. */
  holds(claims: Readonly<Record<string, unknown>>): boolean;
}

export type ClaimRuleResult =
  | { readonly ok: true; readonly rule: ClaimRule }
  | { readonly ok: false; readonly message: string };

/** In UTF-16 code units. */
const MAX_LENGTH = 4096;
/** Tokens are written by others: deep ones are not read. */
const MAX_DEPTH = 8;

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
export function compileClaimRule(source: string): ClaimRuleResult {
  if (source.length > MAX_LENGTH) return { ok: false, message: `longer than ${MAX_LENGTH} characters` };
  try {
    const linear = useLinearMatches(source);
    if (!linear.ok) return { ok: false, message: linear.problem.message };
    const parsed = CLAIMS.parse(linear.source);
    const check = parsed.check();
    if (check.error !== undefined) return { ok: false, message: firstLine(check.error) };
    if (check.type !== "bool" && check.type !== "dyn") {
      return { ok: false, message: `must be true or false, but is of type ${check.type ?? "unknown"}` };
    }
    const holds = (claims: Readonly<Record<string, unknown>>) => {
      try {
        return parsed({ claims: celValue(claims, 0) }) === true;
      } catch {
        return false;
      }
    };
    return { ok: true, rule: { source, holds } };
  } catch (error) {
    return { ok: false, message: firstLine(error) };
  }
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
