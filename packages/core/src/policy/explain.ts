import { amountInWords, windowInWords } from "../budget.ts";
import { type Operation, operationKind } from "../operation.ts";
import type { AccessLevel, Enforcement } from "../resource.ts";
import type { Verdict } from "../verdict.ts";
import type { CompiledPolicy, CompiledRule } from "./compiled-policy.ts";
import type { EvaluationContext } from "./context.ts";
import type { Judged } from "./environment-field.ts";
import { evaluate } from "./evaluate.ts";
import { bindingsFor, judge, mismatch, type NotMatched, type RuleState, standing, touches } from "./rule-state.ts";
import { sidesOf } from "./view.ts";

/** Why a verdict came out as it did: plain data. */
export interface Explanation {
  readonly principal: string;
  readonly resource: string;
  readonly level: AccessLevel;
  readonly operation: string;
  readonly verdict: Verdict;
  /** Every rule of the policy, by id; twice for an AI agent that acts for a person. */
  readonly rules: readonly RuleExplanation[];
}

export interface RuleExplanation {
  readonly ruleId: string;
  /** `document:line`. */
  readonly at: string;
  readonly judgedAs: string;
  readonly state: RuleState["state"];
  readonly why: string;
  readonly enforce: Enforcement;
  readonly outcomes: readonly ("deny" | "review" | "mask" | "budget" | "recording")[];
}

/** Judges an operation as `evaluate` does and says of every rule whether it applied and why. */
export function explain(policy: CompiledPolicy, operation: Operation, context: EvaluationContext): Explanation {
  const rules = sidesOf(context).flatMap(({ judged }) =>
    policy.rules.map((rule) => explainRule(rule, { judged, operation, context })),
  );
  return {
    principal: context.principal.name,
    resource: context.resource.name,
    level: context.level,
    operation: operationKind(operation),
    verdict: evaluate(policy, operation, context),
    rules,
  };
}

interface Site {
  readonly judged: Judged;
  readonly operation: Operation;
  readonly context: EvaluationContext;
}

function explainRule(rule: CompiledRule, site: Site): RuleExplanation {
  const { judged } = site;
  const outcomes = (["deny", "review", "mask", "budget", "recording"] as const).filter(
    (key) => rule[key] !== undefined,
  );
  const common = {
    ruleId: rule.id,
    at: `${rule.document}:${rule.line}`,
    judgedAs: judged.name,
    enforce: rule.enforce,
    outcomes,
  };
  const state = stateFor(rule, site);
  return { ...common, state: state.state, why: wordsFor(rule, state) };
}

function stateFor(rule: CompiledRule, { judged, operation, context }: Site): RuleState {
  const because = mismatch(rule.match, judged, context);
  if (because !== undefined) return { state: "not_matched", because };
  if (rule.mask === undefined && !touches(rule.match, operation)) return { state: "not_matched", because: "labels" };
  const bindings = bindingsFor(judged, context, operation);
  return judge(standing(rule, bindings), bindings, operation);
}

const NOT_MATCHED: Readonly<Record<NotMatched, string>> = {
  resources: "match.resources does not select this resource",
  principals: "match.principals does not select this principal",
  labels: "none of match.labels is touched",
  tags: "match.tags does not select this resource",
  levels: "match.levels does not include this access level",
  when: "when is false",
  protocol: "it speaks of another protocol",
};

function wordsFor(rule: CompiledRule, state: RuleState): string {
  if (state.state === "not_matched") return NOT_MATCHED[state.because];
  if (state.state === "exempt") return `unless is true: ${rule.unless?.source ?? ""}`;
  if (state.because === "when_unknown") return "when is unknown here, which counts as a match";
  if (state.because === "unless_unknown") return "matched; unless is unknown here, which exempts nobody";
  return rule.when === undefined ? "match selects it" : "match and when are true";
}

const STATES: Readonly<Record<RuleState["state"], string>> = { applies: "applies", exempt: "exempt", not_matched: "-" };

/** As text, for the terminal: of several operations that are judged one by one first the verdicts, then the explanations. */
export function renderExplanations(explanations: readonly Explanation[]): string {
  const whole = explanations.map(renderExplanation);
  if (whole.length === 1) return whole.join();
  const verdicts = explanations.map(
    ({ operation, verdict: { outcome, ruleId } }) =>
      `  ${outcome.padEnd(6)}  ${operation}${ruleId === undefined ? "" : ` [${ruleId}]`}`,
  );
  return [
    `judged as ${whole.length} operations; the strictest verdict decides`,
    ...verdicts,
    "",
    whole.join("\n\n"),
  ].join("\n");
}

/** The verdict first, then masks, then every rule that speaks of such operations. */
export function renderExplanation(explanation: Explanation): string {
  const { verdict, rules } = explanation;
  const decided = verdict.ruleId === undefined ? "" : ` [${verdict.ruleId}] ${verdict.reason ?? ""}`;
  const lines = [
    `${explanation.operation} by ${explanation.principal} on ${explanation.resource} at level ${explanation.level}`,
    `verdict  ${verdict.outcome}${decided}`.trimEnd(),
  ];
  if (verdict.review !== undefined) {
    lines.push(`review   ${verdict.review.count} of ${verdict.review.by.join(", ")}, ${verdict.review.mode}`);
  }
  for (const [label, mask] of Object.entries(verdict.masks)) {
    lines.push(`mask     ${label}: ${mask === "show" ? "shown" : mask.transform}`);
  }
  for (const { ruleId, limits, windowSeconds, per } of verdict.budgets) {
    const each = Object.entries(limits).map(([counter, limit]) => amountInWords(counter, limit));
    const where = per === "resource" ? " on this resource" : "";
    lines.push(`budget   ${each.join(", ")} in ${windowInWords(windowSeconds)}${where} by ${ruleId}`);
  }
  for (const { ruleId, outcome } of verdict.observed) lines.push(`observed ${outcome} by ${ruleId}`);
  const shown = rules.filter(({ why }) => why !== NOT_MATCHED.protocol);
  const width = Math.max(0, ...shown.map((rule) => rule.ruleId.length));
  for (const rule of shown) {
    const observe = rule.enforce === "observe" ? " (observe)" : "";
    lines.push(
      `rule     ${rule.ruleId.padEnd(width)}  ${STATES[rule.state].padEnd(7)}  ${rule.why}${observe}  ${rule.at}`,
    );
  }
  const others = rules.length - shown.length;
  if (others > 0) lines.push(`rule     ${others} more ${others === 1 ? "speaks" : "speak"} of other protocols`);
  return lines.join("\n");
}
