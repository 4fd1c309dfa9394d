import type { ValidDocument } from "./compile.ts";
import { compilePrincipal } from "./compile-match.ts";
import type { Canary } from "./compiled-policy.ts";
import { compileGlob } from "./glob.ts";
import type { PolicyProblem } from "./problem.ts";
import type { CanaryInput } from "./schema.ts";
import { didYouMean } from "./suggest.ts";

/** Planted values of all documents, by id. */
export function compileCanaries(
  documents: readonly ValidDocument[],
  labelNames: readonly string[],
  problems: PolicyProblem[],
): readonly Canary[] {
  const canaries = new Map<string, Canary>();
  for (const { document, input } of documents) {
    for (const [index, canary] of (input.canaries ?? []).entries()) {
      const path = ["canaries", index];
      if (canaries.has(canary.id)) {
        problems.push(document.problemAt([...path, "id"], { message: `canary "${canary.id}": its id is taken` }));
      }
      const label = compileGlob(canary.label);
      if (!labelNames.some((name) => label.matches(name))) {
        const hint = didYouMean(canary.label, labelNames);
        const message = `canary "${canary.id}": no label matches "${canary.label}"`;
        problems.push(document.problemAt([...path, "label"], hint === undefined ? { message } : { message, hint }));
      }
      const except = (canary.except ?? []).map((pattern, at) =>
        compilePrincipal({ document, problems, path: [...path, "except", at] }, pattern),
      );
      canaries.set(canary.id, { ...define(canary), label, except });
    }
  }
  return [...canaries.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

function define({ id, values_sha256, on_hit }: CanaryInput): Omit<Canary, "label" | "except"> {
  return { id, hashes: new Set(values_sha256.map((hash) => hash.toLowerCase())), onHit: on_hit ?? "end" };
}
