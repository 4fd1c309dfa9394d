import { readdirSync, readFileSync } from "node:fs";
import { compilePolicy, type Operation, runPolicyTests, type WrittenOperation } from "@tidewaiter/core";
import { loadClassifier } from "@tidewaiter/toolkit/sql/classifier";
import { expect, it } from "vitest";
import { policyOperations } from "./policy-operations.ts";

const EXAMPLES = new URL("../../../deploy/examples/policies/", import.meta.url);

it("every inline test of the example policies holds", async () => {
  const documents = readdirSync(EXAMPLES).map((name) => ({
    name,
    source: readFileSync(new URL(name, EXAMPLES), "utf8"),
  }));
  const compiled = compilePolicy(documents, 1);
  if (!compiled.ok) throw new Error(compiled.problems.map((problem) => problem.message).join("\n"));
  const toOperations = policyOperations(await loadClassifier());
  const read = new Map<WrittenOperation, readonly Operation[]>();
  for (const { operation } of compiled.policy.rules.flatMap(({ tests }) => tests))
    read.set(operation, await toOperations(operation, compiled.policy));
  const results = runPolicyTests(compiled.policy, (written) => read.get(written) ?? fail(written));
  for (const [type, least] of Object.entries({ sql: 50, ssh: 15, kube: 20 }))
    expect(results.filter((result) => result.type === type).length, type).toBeGreaterThan(least);
  expect(results.filter((result) => !result.ok)).toEqual([]);
});

function fail(written: WrittenOperation): never {
  throw new Error(`no operation for ${written.text}`);
}
