import type { DeclaredFunction } from "../labels/label-matcher.ts";
import type { ValidDocument } from "./compile.ts";
import { compileGlob } from "./glob.ts";
import type { PolicyProblem } from "./problem.ts";

/** The functions that documents declare, all of them together: where two speak of one function, what either says it reads. */
export function compileFunctions(
  documents: readonly ValidDocument[],
  labelNames: readonly string[],
  problems: PolicyProblem[],
): readonly DeclaredFunction[] {
  return documents.flatMap(({ document, input }) =>
    (input.functions ?? []).map(({ name, reads }, index) => {
      const labels = new Set<string>();
      for (const [at, pattern] of (reads === "none" ? [] : reads).entries()) {
        const glob = compileGlob(pattern);
        const matching = labelNames.filter((label) => glob.matches(label));
        for (const label of matching) labels.add(label);
        if (matching.length === 0)
          problems.push(
            document.problemAt(["functions", index, "reads", at], { message: `no label is called "${pattern}"` }),
          );
      }
      return { name, reads: [...labels].sort() };
    }),
  );
}
