import { describe, expect, it } from "vitest";
import { compileClaimRule } from "./claim-rule.ts";

const claims = {
  repository: "acme/shop",
  environment: "production",
  run_number: 42,
  groups: ["ops", "dev"],
  nested: { "kubernetes.io": { namespace: "ci" } },
  protected: true,
};

function holds(source: string): boolean {
  const result = compileClaimRule(source);
  if (!result.ok) throw new Error(result.message);
  return result.rule.holds(claims);
}

describe("a rule on claims", () => {
  it.each([
    'claims.environment == "production"',
    'claims.repository.startsWith("acme/") && claims.run_number > 40',
    "claims.run_number == 42",
    '"ops" in claims.groups',
    'claims.nested["kubernetes.io"].namespace == "ci"',
    'claims["repository"].matches("^acme/[a-z]+$")',
    "claims.protected",
    "has(claims.environment) && !has(claims.nothing)",
  ])("%s holds", (source) => expect(holds(source)).toBe(true));

  it.each([
    'claims.environment == "test"',
    "claims.missing",
    'claims.missing == "x"',
    'claims.missing != "x"',
    "claims.repository",
    'claims.groups == "ops"',
    "claims.__proto__ != null",
    "claims.constructor != null",
  ])("%s does not", (source) => expect(holds(source)).toBe(false));

  it.each([
    "claims.",
    "principal.name == 'x'",
    "1 + 1",
    'claims.a.matches("(a")',
    "claims.a.matches(claims.b)",
    `claims.a == "${"x".repeat(5000)}"`,
  ])("%s is refused when it is configured", (source) => expect(compileClaimRule(source)).toMatchObject({ ok: false }));
});
