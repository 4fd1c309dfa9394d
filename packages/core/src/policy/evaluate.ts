import { UNCLASSIFIED } from "../labels/bindings.ts";
import { KUBE_SECRET, kubeLabels } from "../labels/kube-secret.ts";
import type { KubeOperation, Operation } from "../operation.ts";
import type { BudgetLimit, RecordingMode, ReviewRequirement, Verdict } from "../verdict.ts";
import { BUILTIN_RULES } from "./builtin-rules.ts";
import { combineReviews, toRequirement } from "./combine-reviews.ts";
import type { CompiledPolicy, CompiledRule } from "./compiled-policy.ts";
import type { EvaluationContext } from "./context.ts";
import { type BuiltinSite, countedPredicates, judgeBuiltin, judgeUnknown } from "./judge-builtin.ts";
import { judgeKube } from "./judge-kube.ts";
import { judgeSsh } from "./judge-ssh.ts";
import { bindingsFor, judge, touches } from "./rule-state.ts";
import {
  combineMasks,
  type MaskDecision,
  masksOf,
  type ObjectRules,
  type PolicyView,
  tellsApart,
  type ViewSide,
  viewFor,
} from "./view.ts";

type Observed = Verdict["observed"][number];

interface Decision {
  readonly ruleId: string;
  readonly reason: string;
  readonly outcome: "deny" | "review";
  readonly review?: ReviewRequirement;
  readonly builtin: boolean;
}

/** What all rules and both sides have to say, before the strictest is chosen. */
interface Findings {
  readonly decisions: Decision[];
  readonly observed: Observed[];
  /** By rule and account. */
  readonly budgets: Map<string, BudgetLimit>;
  readonly counted: Map<string, NonNullable<Verdict["counted"]>[number]>;
  recording: Verdict["recording"];
}

/**
 * The only place where a verdict is made: pure, deterministic, and never throws. Most severe wins: deny > review > mask >
 * allow (masking-and-policy.md, decision 7 and meanings a to i).
 */
export function evaluate(policy: CompiledPolicy, operation: Operation, context: EvaluationContext): Verdict {
  const view = viewFor(policy, context);
  const findings: Findings = {
    decisions: [],
    observed: [],
    budgets: new Map(),
    counted: new Map(),
    recording: policy.defaults.recording,
  };
  const masks = combineMasks(view.sides.map((side) => judgeSide({ view, side, operation }, findings).masks));
  const enforced = conclude(findings.decisions);
  const verdict = {
    unlabelledText: policy.defaults.unlabelledText,
    ...(policy.defaults.notifications === "detect" && { notifications: "detect" as const }),
    recording: findings.recording,
    policyVersion: policy.version,
  };
  if (context.resource.enforce === "observe") {
    const observed = sortObserved([...findings.observed, ...wouldHaveBeen(view, operation, findings, masks)]);
    const shown = Object.fromEntries(
      [...policy.labelNames, UNCLASSIFIED, KUBE_SECRET].map((label) => [label, "show" as const]),
    );
    return { ...verdict, outcome: "allow", masks: shown, unlabelledText: "pass", budgets: [], observed };
  }
  const budgets = [...findings.budgets.values()];
  const counted = [...findings.counted.values()];
  return {
    ...verdict,
    ...enforced,
    masks,
    budgets,
    ...(counted.length > 0 && { counted }),
    observed: sortObserved(findings.observed),
  };
}

/** Whether a rule that may apply in this context asks for `sql.estimated_rows`: only then is an EXPLAIN worth its price. */
export function needsEstimate(policy: CompiledPolicy, context: EvaluationContext): boolean {
  return viewFor(policy, context).needsEstimate;
}

export function objectRules(policy: CompiledPolicy, context: EvaluationContext): ObjectRules {
  return viewFor(policy, context).objects;
}

/**
 * Whether what a list or watch answers may hold objects that a get of would be refused. What tells them apart is not known
 * here: a rule that is false all the same is false for each of them, for what is unknown never makes anything true or false.
 */
export function mayHide(policy: CompiledPolicy, operation: KubeOperation, context: EvaluationContext): boolean {
  if (context.resource.enforce === "observe") return false;
  const any = anyGetOf(operation);
  return viewFor(policy, context).sides.some(({ judged, rules }) => {
    const hiding = rules.filter(({ rule }) => rule.deny !== undefined && tellsApart(rule));
    const bindings = hiding.length === 0 ? {} : bindingsFor(judged, context, any);
    return hiding.some((each) => asksPresence(each.rule) || judge(each, bindings, any).state === "applies");
  });
}

function asksPresence({ when, unless }: CompiledRule): boolean {
  return when?.asksPresence === true || unless?.asksPresence === true;
}

/** A get of some object of a list; of a namespace its name is its namespace as well. */
function anyGetOf({ name: _name, namespace, ...of }: KubeOperation): KubeOperation {
  const known = namespace !== "" && of.resource !== "namespaces" ? { namespace } : {};
  return { ...of, ...known, verb: "get", labels: undefined } as KubeOperation;
}

interface SideSite {
  readonly view: PolicyView;
  readonly side: ViewSide;
  readonly operation: Operation;
}

function judgeSide(site: SideSite, findings: Findings): MaskDecision {
  const { view, side, operation } = site;
  const bindings = bindingsFor(side.judged, view.context, operation);
  const decision = masksOf(view.policy, side, { bindings, operation });
  for (const standing of side.rules) {
    if (standing.unless === true || !touches(standing.rule.match, operation)) continue;
    if (judge(standing, bindings, operation).state === "applies") applyRule(standing.rule, site, findings);
  }
  for (const { ruleId, label } of decision.observed) {
    if (touchesLabel(operation, label)) findings.observed.push({ ruleId, outcome: "mask" });
  }
  addBuiltin({ view, side, decision }, operation, findings);
  return decision;
}

/** Values of the label may be among what the operation reads. */
export function touchesLabel(operation: Operation, label: string): boolean {
  if (operation.type === "ssh") return false;
  if (operation.type === "kube") return kubeLabels(operation).includes(label);
  if (operation.type !== "sql" || operation.labels.opaque || operation.facts.opaque) return true;
  return operation.labels.reads.includes(label);
}

function addBuiltin(site: BuiltinSite, operation: Operation, findings: Findings): void {
  for (const each of countedPredicates(operation, site))
    findings.counted.set(`${each.label} ${each.use}`, { label: each.label, use: each.use });
  const found = builtinFindings(operation, site);
  const { context, policy } = site.view;
  for (const finding of found) {
    const review =
      finding.outcome === "review" ? { review: toRequirement(policy.defaults.review, context.principal.kind) } : {};
    findings.decisions.push({ ...finding, ...review, builtin: true });
  }
}

function builtinFindings(operation: Operation, site: BuiltinSite) {
  switch (operation.type) {
    case "sql":
      return judgeBuiltin(operation, site);
    case "ssh":
      return judgeSsh(operation, site);
    case "kube":
      return judgeKube(operation, site);
    case "unknown":
      return judgeUnknown(operation, site);
  }
}

function applyRule(rule: CompiledRule, { view, side }: SideSite, findings: Findings): void {
  if (rule.recording !== undefined) findings.recording = strictestRecording(findings.recording, rule.recording);
  if (rule.enforce === "observe") {
    if (rule.deny !== undefined) findings.observed.push({ ruleId: rule.id, outcome: "deny" });
    if (rule.review !== undefined) findings.observed.push({ ruleId: rule.id, outcome: "review" });
    if (rule.budget !== undefined) findings.observed.push({ ruleId: rule.id, outcome: "budget" });
    return;
  }
  const common = { ruleId: rule.id, builtin: false };
  if (rule.deny !== undefined) findings.decisions.push({ ...common, outcome: "deny", reason: rule.deny.reason });
  if (rule.review !== undefined) {
    const review = toRequirement(rule.review, view.context.principal.kind);
    findings.decisions.push({ ...common, outcome: "review", reason: rule.reason ?? "needs a second person", review });
  }
  const { budget } = rule;
  if (budget !== undefined) {
    // a person's own limits hold for all of its AI agents together
    const account = side === view.sides[0] ? "own" : "person";
    const review = toRequirement(view.policy.defaults.review, view.context.principal.kind);
    findings.budgets.set(`${rule.id} ${account}`, {
      ruleId: rule.id,
      account,
      ...budget,
      ...(budget.onExceed === "review" && { review }),
    });
  }
}

/**
 * What cannot be read is said first (rules on its parts match only because all of them are unknown), then rules of the
 * policy, then built-in ones; within these the first id. The order of rules decides nothing.
 */
function byPrecedence(a: Decision, b: Decision): number {
  return rank(a) - rank(b) || compareText(a.ruleId, b.ruleId) || compareText(a.reason, b.reason);
}

function rank({ ruleId, builtin }: Decision): number {
  if (ruleId === BUILTIN_RULES.unknownStatement) return 0;
  return builtin ? 2 : 1;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

type Conclusion = Pick<Verdict, "outcome" | "ruleId" | "reason" | "review">;

function conclude(decisions: readonly Decision[]): Conclusion {
  const sorted = [...decisions].sort(byPrecedence);
  const denied = sorted.find((decision) => decision.outcome === "deny");
  if (denied !== undefined) return { outcome: "deny", ruleId: denied.ruleId, reason: denied.reason };
  const [first] = sorted;
  if (first === undefined) return { outcome: "allow" };
  const review = combineReviews(sorted.flatMap((decision) => decision.review ?? []));
  if (review !== undefined) return { outcome: "review", ruleId: first.ruleId, reason: first.reason, review };
  const rules = [...new Set(sorted.map((decision) => decision.ruleId))].join(", ");
  return { outcome: "deny", ruleId: BUILTIN_RULES.reviewers, reason: `no reviewer may decide for all of ${rules}` };
}

const RECORDING_ORDER: readonly RecordingMode[] = ["best_effort", "bounded", "strict", "durable"];

function strictestRecording(
  current: Verdict["recording"],
  added: NonNullable<CompiledRule["recording"]>,
): Verdict["recording"] {
  const mode = added.mode ?? current.mode;
  const stricter = RECORDING_ORDER.indexOf(mode) > RECORDING_ORDER.indexOf(current.mode) ? mode : current.mode;
  return { mode: stricter, results: current.results || added.results === true };
}

/** On a resource in `observe` every decision, mask and budget is only noted. */
function wouldHaveBeen(
  view: PolicyView,
  operation: Operation,
  findings: Findings,
  masks: Verdict["masks"],
): readonly Observed[] {
  const decided = findings.decisions.map(({ ruleId, outcome }) => ({ ruleId, outcome }));
  const limited = [...findings.budgets.values()].map(({ ruleId }) => ({ ruleId, outcome: "budget" as const }));
  const hidden = Object.keys(masks).filter((label) => masks[label] !== "show" && touchesLabel(operation, label));
  const rules = view.sides.flatMap((side) => side.maskRules.map(({ rule }) => rule));
  const masking = hidden.map(
    (label) => rules.find((rule) => rule.mask?.covers.has(label) === true)?.id ?? "unmentioned-label",
  );
  return [...decided, ...limited, ...masking.map((ruleId) => ({ ruleId, outcome: "mask" as const }))];
}

function sortObserved(observed: readonly Observed[]): readonly Observed[] {
  const unique = new Map(observed.map((each) => [`${each.ruleId}\n${each.outcome}`, each]));
  return [...unique.entries()].sort(([a], [b]) => compareText(a, b)).map(([, each]) => each);
}
