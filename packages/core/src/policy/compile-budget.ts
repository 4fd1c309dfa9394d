import { LABEL_COUNTERS } from "../budget.ts";
import type { RuleSite } from "./compile-rule.ts";
import type { RuleBudget } from "./compiled-policy.ts";
import { compileGlob } from "./glob.ts";
import { toBytes, toSeconds } from "./quantities.ts";
import type { RuleInput } from "./schema.ts";
import { didYouMean } from "./suggest.ts";

type BudgetInput = NonNullable<RuleInput["budget"]>;

/** The limits of a budget rule by counter; see `BudgetAmounts`. */
export function compileBudget(site: RuleSite, budget: BudgetInput): RuleBudget {
  const { document, path, problems } = site;
  const limits: Record<string, number> = {};
  if (budget.rows !== undefined) limits.rows = budget.rows;
  if (budget.bytes !== undefined) limits.bytes = toBytes(budget.bytes);
  if (budget.errors !== undefined) limits.errors = budget.errors;
  for (const kind of LABEL_COUNTERS) {
    for (const [pattern, limit] of Object.entries(budget[kind] ?? {})) {
      checkPattern(site, kind, pattern);
      limits[`${kind}:${pattern}`] = limit;
    }
  }
  if (Object.keys(limits).length === 0) {
    const message = "budget needs rows, bytes, cells, predicates, distinct or errors";
    problems.push(document.problemAt([...path, "budget"], { message }));
  }
  return {
    windowSeconds: toSeconds(budget.window),
    per: budget.per ?? "principal",
    limits,
    onExceed: budget.on_exceed ?? "deny",
  };
}

/** A pattern that selects no label would be a limit that is never reached: surely a slip. */
function checkPattern({ document, path, labelNames, problems }: RuleSite, kind: string, pattern: string): void {
  const glob = compileGlob(pattern);
  if (labelNames.some((label) => glob.matches(label))) return;
  const hint = didYouMean(pattern, labelNames);
  const message = `budget.${kind} names "${pattern}", which is no label`;
  problems.push(
    document.problemAtKey([...path, "budget", kind, pattern], hint === undefined ? { message } : { message, hint }),
  );
}
