import { type Operation, type PolicyTestResult, runPolicyTests, type WrittenOperation } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import type { Services } from "../../services.ts";
import { compiledPolicy, type PolicyDocuments, type ToOperations } from "./service.ts";

/** Reads everything that is tested first: the classifier is asynchronous, the tests are pure. */
export async function testPolicy(
  services: Pick<Services, "store" | "deps">,
  documents: PolicyDocuments | undefined,
): Promise<{ readonly ok: boolean; readonly results: readonly PolicyTestResult[] }> {
  const toOperations = requireClassifier(services);
  const policy = await compiledPolicy(services.store, documents);
  const read = new Map<WrittenOperation, readonly Operation[]>();
  for (const { operation } of policy.rules.flatMap((rule) => rule.tests))
    read.set(operation, await toOperations(operation, policy));
  const results = runPolicyTests(policy, (written) => {
    const operations = read.get(written);
    if (operations === undefined) throw new TidewaiterError("internal", "a tested operation was not read");
    return operations;
  });
  return { ok: results.every((result) => result.ok), results };
}

export function requireClassifier({ deps }: Pick<Services, "deps">): ToOperations {
  if (deps.toOperations !== undefined) return deps.toOperations;
  throw new TidewaiterError("control_plane_lost", "this service has no SQL classifier");
}
