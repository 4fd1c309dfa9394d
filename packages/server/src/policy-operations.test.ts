import { readdirSync, readFileSync } from "node:fs";
import {
  compilePolicy,
  type Operation,
  type PolicyDocument,
  type PolicyTestResult,
  runPolicyTests,
  type WrittenOperation,
} from "@tidewaiter/core";
import { loadClassifier } from "@tidewaiter/toolkit/sql/classifier";
import { expect, it } from "vitest";
import { policyOperations } from "./policy-operations.ts";

const EXAMPLES = new URL("../../../deploy/examples/policies/", import.meta.url);

const PAGE = new URL("../../docs/policy-tests.md", import.meta.url);

it("every inline test of the example policies holds", async () => {
  const results = await resultsOf(
    readdirSync(EXAMPLES).map((name) => ({ name, source: readFileSync(new URL(name, EXAMPLES), "utf8") })),
  );
  for (const [type, least] of Object.entries({ sql: 50, ssh: 15, kube: 20 }))
    expect(results.filter((result) => result.type === type).length, type).toBeGreaterThan(least);
  expect(results.filter((result) => !result.ok)).toEqual([]);
});

it("every inline test of the page about them holds", async () => {
  const [, source = ""] = /```yaml\n([^`]*)```/.exec(readFileSync(PAGE, "utf8")) ?? [];
  const results = await resultsOf([{ name: "page.yaml", source: `version: 1\n${source}` }]);
  expect(results.map(({ type, actual, ok }) => [type, actual, ok])).toEqual([
    ["kube", "denied", true],
    ["kube", "allowed", true],
    ["sql", "allowed", true],
    ["ssh", "allowed", true],
  ]);
});

async function resultsOf(documents: readonly PolicyDocument[]): Promise<readonly PolicyTestResult[]> {
  const compiled = compilePolicy(documents, 1);
  if (!compiled.ok) throw new Error(compiled.problems.map((problem) => problem.message).join("\n"));
  const toOperations = policyOperations(await loadClassifier());
  const read = new Map<WrittenOperation, readonly Operation[]>();
  for (const { operation } of compiled.policy.rules.flatMap(({ tests }) => tests))
    read.set(operation, await toOperations(operation, compiled.policy));
  return runPolicyTests(compiled.policy, (written) => read.get(written) ?? fail(written));
}

function fail(written: WrittenOperation): never {
  throw new Error(`no operation for ${written.text}`);
}
