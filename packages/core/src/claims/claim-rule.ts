import { compileClaimExpression } from "./claim-expression.ts";

/** A condition on the claims of a token, in CEL: `claims.environment == "production" && "ops" in claims.groups`. */
export interface ClaimRule {
  readonly source: string;
  /** False also for a missing claim, an error, and anything but true: it never lets anybody in. */
  holds(claims: Readonly<Record<string, unknown>>): boolean;
}

export type ClaimRuleResult =
  | { readonly ok: true; readonly rule: ClaimRule }
  | { readonly ok: false; readonly message: string };

/** Checked once, when it is configured. Never throws on account of its input. */
export function compileClaimRule(source: string): ClaimRuleResult {
  const compiled = compileClaimExpression("condition", source);
  if (!compiled.ok) return compiled;
  return { ok: true, rule: { source, holds: (claims) => compiled.expression.evaluate(claims) === true } };
}
