import { readdirSync, readFileSync } from "node:fs";
import { compilePolicy, type Operation, runPolicyTests } from "@tidewaiter/core";
import { loadClassifier } from "@tidewaiter/toolkit/sql/classifier";
import { expect, it } from "vitest";
import { policyOperation } from "./policy-operation.ts";

const EXAMPLES = new URL("../../../deploy/examples/policies/", import.meta.url);

it("every inline test of the example policies holds", async () => {
  const documents = readdirSync(EXAMPLES).map((name) => ({
    name,
    source: readFileSync(new URL(name, EXAMPLES), "utf8"),
  }));
  const compiled = compilePolicy(documents, 1);
  if (!compiled.ok) throw new Error(compiled.problems.map((problem) => problem.message).join("\n"));
  const toOperation = policyOperation(await loadClassifier());
  const operations = new Map<string, Operation>();
  for (const rule of compiled.policy.rules)
    for (const { sql } of rule.tests) operations.set(sql, await toOperation(sql, compiled.policy));
  const results = runPolicyTests(compiled.policy, (sql) => operations.get(sql) ?? fail(sql));
  expect(results.length).toBeGreaterThan(50);
  expect(results.filter((result) => !result.ok)).toEqual([]);
});

function fail(sql: string): never {
  throw new Error(`no operation for ${sql}`);
}
