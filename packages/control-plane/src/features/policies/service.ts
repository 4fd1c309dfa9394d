import { type CompiledPolicy, compilePolicy, formatProblem, type Operation, type PolicyBundle } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import type { ControlPlaneStore } from "../../storage/open-store.ts";

/** Facts of a statement for tests and explanations: labels by the names in the statement, as no catalog is at hand. */
export type ToOperation = (sql: string, policy: CompiledPolicy) => Promise<Operation>;

export type PolicyDocuments = PolicyBundle["documents"];

/** Refuses with file, line and reason; what is in force stays. */
export function compileOrRefuse(documents: PolicyDocuments, version: number): CompiledPolicy {
  const result = compilePolicy(documents, version);
  if (result.ok) return result.policy;
  throw new TidewaiterError("policy_invalid", result.problems.map(formatProblem).join("\n"), {
    next: "Nothing was applied; the version in force stays.",
  });
}

/** By store, since a test may have several: the last version that was compiled. */
const compiled = new WeakMap<ControlPlaneStore, CompiledPolicy>();

/** The given documents, or the version in force, compiled. */
export async function compiledPolicy(
  store: ControlPlaneStore,
  documents: PolicyDocuments | undefined,
): Promise<CompiledPolicy> {
  const bundle = await store.units.policies.get({});
  if (documents !== undefined) return compileOrRefuse(documents, bundle.version);
  const known = compiled.get(store);
  if (known?.version === bundle.version) return known;
  const policy = compileOrRefuse(bundle.documents, bundle.version);
  compiled.set(store, policy);
  return policy;
}
