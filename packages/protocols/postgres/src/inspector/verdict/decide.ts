import { budgetKey } from "@tidewaiter/core";
import { SQLSTATE } from "../../errors.ts";
import type { CopyMask } from "../../mask/mask-copy.ts";
import type { ErrorFields } from "../../messages.ts";
import { budgetFatal, budgetSpent, excessInWords } from "../budgets/budget-texts.ts";
import type { Bill, BudgetAnswer } from "../budgets/budgets.ts";
import { askForLease, charge, othersUnderWay, unpaid } from "../budgets/budgets.ts";
import type { Machine } from "../machine.ts";
import { copyToProbe, probeCopy } from "../results/copy-out.ts";
import type { Judged } from "../state.ts";
import { recordOperation } from "../statements/record-operation.ts";
import { inFailedTransaction, refusedPlainly, transactionText } from "../texts.ts";
import { failsAnyway } from "./failed-transaction.ts";
import { hold } from "./hold.ts";
import { denied } from "./judge.ts";

export interface Decision {
  readonly judged: Judged;
  readonly parameters: readonly (string | null)[];
  /** Digest of the parameters whole. */
  readonly digest: string;
  /** How a probe before it ends. */
  readonly end: "sync" | "flush";
  /** Runs the statement; called at most once. */
  readonly forward: (copy?: CopyMask) => void;
  /** Puts the substitute in its place; called at most once. */
  readonly refuse: (fields: ErrorFields) => void;
}

/** The way of every operation that is about to run: record, verdict, person, budget, probe, forward. */
export function decide(machine: Machine, decision: Decision): void {
  const { judged, refuse } = decision;
  judged.operation = machine.nextOperation();
  recordOperation(machine, judged, decision.parameters);
  if (!machine.controlPlaneReachable) {
    return refuse(
      refusedPlainly(
        SQLSTATE.cannotConnectNow,
        "the control plane is out of reach, so nothing new may run",
        transactionText(machine.status),
        "Try again in a moment.",
      ),
    );
  }
  const { outcome, review, ruleId, reason } = judged.verdict;
  if (outcome === "deny") return refuse(denied(machine, judged));
  if (outcome === "review") {
    // a review that nobody can be asked for is a denial
    if (review === undefined) return refuse(denied(machine, judged));
    // it cannot run: nobody needs to be asked
    if (machine.quiet && failsAnyway(machine, judged)) return refuse(inFailedTransaction());
    return ask(machine, decision, { review, ruleId: ruleId ?? "review", reason: reason ?? "" }, () =>
      admit(machine, decision),
    );
  }
  admit(machine, decision);
}

type Question = Pick<Parameters<typeof hold>[1], "review" | "ruleId" | "reason">;

function ask(machine: Machine, decision: Decision, question: Question, approved: () => void): void {
  // what came before it in the batch reaches the client while it waits
  if (decision.end === "flush") machine.toTarget({ name: "Flush" });
  const { judged, parameters, digest, refuse } = decision;
  const run = (): void => {
    judged.approved = true;
    approved();
  };
  hold(machine, { judged, ...question, parameters, digest, approved: run, refuse });
}

function exceeds(
  machine: Machine,
  decision: Decision,
  bill: Bill,
  answer: Extract<BudgetAnswer, { granted: false }>,
): void {
  const { judged, refuse } = decision;
  const { onExceed, review, ruleId } = bill.budget;
  // errors that may yet come are asked for, too: when it is known that they did not, there may be enough
  if (answer.counter === "errors" && othersUnderWay(machine) > 0) {
    const none = (): boolean => othersUnderWay(machine) === 0;
    return machine.waitForAnswers(none, () => {
      if (machine.skippingToSync) machine.finish(judged, "error", "");
      else admit(machine, decision);
    });
  }
  if (answer.unavailable === true) return refuse(budgetSpent(machine, bill, answer));
  if (onExceed === "end") {
    machine.finish(judged, "refused", "53400");
    return machine.end(budgetFatal(machine, bill, answer));
  }
  if (onExceed === "deny" || review === undefined) return refuse(budgetSpent(machine, bill, answer));
  ask(machine, decision, { review, ruleId, reason: excessInWords(bill, answer) }, () => {
    judged.excused = new Set([...judged.excused, ruleId]);
    admit(machine, decision);
  });
}

/** Budgets first, then the probe that a COPY needs, then the target. */
function admit(machine: Machine, decision: Decision): void {
  const { judged, forward, refuse } = decision;
  const bill = unpaid(machine, judged);
  if (bill !== undefined) {
    const go = (answer: BudgetAnswer): void => {
      machine.waiting = undefined;
      if (!answer.granted) return exceeds(machine, decision, bill, answer);
      if (Object.keys(bill.values).length > 0) judged.admitted.add(budgetKey(bill.budget));
      admit(machine, decision);
    };
    machine.waiting = { for: "budget", askId: askForLease(machine, bill), judged, go };
    return;
  }
  charge(machine, judged);
  const probed = copyToProbe(machine, judged);
  if (probed === undefined) return forward();
  probeCopy(machine, { judged, ...probed, end: decision.end }, (answer) =>
    "refusal" in answer ? refuse(answer.refusal) : forward(answer.copy),
  );
}
