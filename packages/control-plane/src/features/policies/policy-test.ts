import { type Operation, type PolicyTestResult, runPolicyTests } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import type { Services } from "../../services.ts";
import { compiledPolicy, type PolicyDocuments, type ToOperation } from "./service.ts";

/** Classifies every tested statement first: the classifier is asynchronous, the tests are pure. */
export async function testPolicy(
  services: Pick<Services, "store" | "deps">,
  documents: PolicyDocuments | undefined,
): Promise<{ readonly ok: boolean; readonly results: readonly PolicyTestResult[] }> {
  const toOperation = requireClassifier(services);
  const policy = await compiledPolicy(services.store, documents);
  const operations = new Map<string, Operation>();
  for (const { sql } of policy.rules.flatMap((rule) => rule.tests)) operations.set(sql, await toOperation(sql, policy));
  const results = runPolicyTests(policy, (sql) => {
    const operation = operations.get(sql);
    if (operation === undefined) throw new TidewaiterError("internal", "a tested statement was not classified");
    return operation;
  });
  return { ok: results.every((result) => result.ok), results };
}

export function requireClassifier({ deps }: Pick<Services, "deps">): ToOperation {
  if (deps.toOperation !== undefined) return deps.toOperation;
  throw new TidewaiterError("control_plane_lost", "this service has no SQL classifier");
}
