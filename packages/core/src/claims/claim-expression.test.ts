import { expect, it } from "vitest";
import { type ClaimResults, compileClaimExpression } from "./claim-expression.ts";

const CLAIMS = {
  sub: "u1",
  email: "Ana@Example.com",
  email_verified: true,
  groups: ["db-readers", "all"],
  realm: { roles: ["a", "b"] },
  level: 3,
};

function run<Kind extends keyof ClaimResults>(kind: Kind, source: string) {
  const compiled = compileClaimExpression(kind, source);
  return compiled.ok ? compiled.expression.evaluate(CLAIMS) : compiled.message;
}

it("reads texts, lists and conditions", () => {
  expect(run("text", 'claims.email.split("@")[0].lowerAscii()')).toBe("ana");
  expect(run("texts", 'claims.groups.filter(g, g.startsWith("db-"))')).toEqual(["db-readers"]);
  expect(run("texts", "claims.realm.roles")).toEqual(["a", "b"]);
  expect(run("condition", 'claims.email_verified && claims.email.matches("(?i)@example\\\\.com$")')).toBe(true);
  expect(run("condition", "claims.level >= 3")).toBe(true);
});

it("gives nothing for what is missing, broken or of another kind", () => {
  expect(run("text", "claims.nickname")).toBeUndefined();
  expect(run("texts", "claims.email")).toBeUndefined();
  expect(run("text", "claims.groups")).toBeUndefined();
  expect(run("condition", "claims.email")).toBeUndefined();
  expect(run("text", "claims.constructor")).toBeUndefined();
  expect(run("text", "claims.__proto__")).toBeUndefined();
});

it("refuses at once what cannot work", () => {
  expect(run("condition", '"text"')).toBe("has to give true or false, but gives a value of type string");
  expect(run("text", "claim.email")).toMatch(/claim/);
  expect(run("text", "claims.email +")).toMatch(/./);
  expect(run("condition", "claims.email.matches(claims.sub)")).toBe("matches needs its pattern as a literal");
  expect(run("text", `"${"x".repeat(5000)}"`)).toBe("longer than 4096 characters");
});
