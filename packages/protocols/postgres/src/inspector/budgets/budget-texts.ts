import type { Instant } from "@tidewaiter/core";
import { amountInWords, windowInWords } from "@tidewaiter/core";
import type { ErrorFields } from "../../messages.ts";
import type { Machine } from "../machine.ts";
import { refusedPlainly, transactionText } from "../texts.ts";
import type { Bill, BudgetAnswer } from "./budgets.ts";

/** configuration_limit_exceeded: of PostgreSQL's codes the one that speaks of an administrator's limit. */
const SPENT = "53400";
const UNAVAILABLE = "57P03";
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

type Refusal = Extract<BudgetAnswer, { granted: false }>;

/** `begun`: rows of the result have reached the client already. */
export function budgetSpent(machine: Machine, bill: Bill, answer: Refusal, begun = false): ErrorFields {
  const { ruleId, onExceed, limits, windowSeconds } = bill.budget;
  const state = transactionText(machine.status);
  const resource = machine.context.resource.name;
  if (answer.unavailable === true)
    return refusedPlainly(
      UNAVAILABLE,
      `stopped before ${resource}: what is left of a budget cannot be asked for now [${ruleId}]`,
      `${begun ? "The rest of the result is withheld." : "Not executed."} ${state}`,
      "Try again in a moment.",
    );
  const counter = answer.counter ?? Object.keys(bill.want)[0] ?? "rows";
  const amount = amountInWords(counter, limits[counter] ?? 0);
  return refusedPlainly(
    SPENT,
    `stopped before ${resource}: your budget of ${amount} in ${windowInWords(windowSeconds)} is spent [${ruleId}]`,
    `${begun ? "The rest of the result is withheld." : "Not executed."} ${state}`,
    [whenFree(answer.freesAt, machine.now), begun && onExceed === "review" ? ASK : "", "tw budgets list"]
      .filter((part) => part !== "")
      .join(" "),
  );
}

const ASK = "Send a statement again to ask a person.";

function whenFree(freesAt: Instant | undefined, now: Instant): string {
  if (freesAt === undefined) return "This is more than the whole budget: ask for less at a time.";
  // the step in which it is free begins within this minute
  const at = new Date(Math.ceil(freesAt / MINUTE_MS) * MINUTE_MS).toISOString();
  return `Enough of it is free again at ${at.slice(11, 16)} UTC${freesAt - now < DAY_MS ? "" : ` on ${at.slice(0, 10)}`}.`;
}

export function budgetFatal(machine: Machine, bill: Bill, answer: Refusal, begun = false): ErrorFields {
  const spent = budgetSpent(machine, bill, answer, begun);
  const detail = `${begun ? "The rest of the result is withheld." : "Not executed."} The policy ends a session that spends it.`;
  return { ...spent, severity: "FATAL", severityLocalized: "FATAL", detail };
}

/** For the person who is asked, without the principal's point of view. */
export function excessInWords({ budget, want }: Bill, answer: Refusal): string {
  const counter = answer.counter ?? Object.keys(want)[0] ?? "rows";
  const amount = amountInWords(counter, budget.limits[counter] ?? 0);
  return `its budget of ${amount} in ${windowInWords(budget.windowSeconds)} is spent`;
}
