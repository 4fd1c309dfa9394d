import {
  type CompiledPolicy,
  compilePolicy,
  formatProblem,
  type Operation,
  type PolicyBundle,
  type WrittenOperation,
} from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import type { ControlPlaneStore } from "../../storage/open-store.ts";

/**
 * What is judged when somebody asks for this, in order and never nothing: each statement, or a command and the files that
 * it moves. Labels by the names in a statement, as no catalog is at hand.
 * @param user login at the target, where the protocol has one and the written operation names none
 */
export type ToOperations = (
  written: WrittenOperation,
  policy: CompiledPolicy,
  user?: string,
) => Promise<readonly [Operation, ...Operation[]]>;

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
