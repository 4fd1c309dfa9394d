import type { Attempt } from "./grammar/statements.ts";
import { smaller, write } from "./grammar/tree.ts";

/** Each try asks the server and the gateway three times. */
const MAX_TRIES = 120;

/** The smallest attempt found that still leaks. */
export async function shrink(attempt: Attempt, leaks: (tried: Attempt) => Promise<boolean>): Promise<Attempt> {
  let best = attempt;
  let tries = 0;
  for (let progress = true; progress && tries < MAX_TRIES; ) {
    progress = false;
    for (const candidate of candidates(best)) {
      if (size(candidate) >= size(best)) continue;
      if (++tries > MAX_TRIES) break;
      if (!(await leaks(candidate))) continue;
      best = candidate;
      progress = true;
      break;
    }
  }
  return best;
}

function* candidates(attempt: Attempt): Generator<Attempt> {
  if (attempt.way !== "simple") yield { ...attempt, way: "simple" };
  for (const [index] of attempt.steps.entries())
    if (attempt.steps.length > 1) yield { ...attempt, steps: attempt.steps.toSpliced(index, 1) };
  for (const [index, step] of attempt.steps.entries())
    for (const one of smaller(step)) yield { ...attempt, steps: attempt.steps.with(index, one) };
}

function size({ way, steps }: Attempt): number {
  return steps.reduce((sum, step) => sum + write(step).length, way === "simple" ? 0 : 1);
}
