import type { Operation, PredicateUse, SqlOperation, UnknownOperation } from "../operation.ts";
import type { StatementFacts } from "../sql-facts.ts";
import {
  BUILTIN_RULES,
  type BuiltinCategory,
  CATEGORY_RULES,
  isBuiltinCategory,
  STATISTICS_RELATIONS,
} from "./builtin-rules.ts";
import type { PredicateAction } from "./compiled-policy.ts";
import type { MaskDecision, PolicyView, ViewSide } from "./view.ts";

/** What a built-in rule says; `undefined` outcomes are left out. */
export interface BuiltinFinding {
  readonly ruleId: string;
  readonly outcome: "deny" | "review";
  readonly reason: string;
}

export interface BuiltinSite {
  readonly view: PolicyView;
  readonly side: ViewSide;
  readonly decision: MaskDecision;
}

const UNKNOWN_REASONS: Readonly<Record<UnknownOperation["reason"], string>> = {
  syntax: "the statement cannot be parsed",
  too_large: "the statement is too large to be checked",
  nul: "the statement holds a NUL byte",
  too_deep: "the statement is nested too deeply to be checked",
  analyser: "the statement cannot be analysed",
  function_call: "the fast-path function call cannot be checked; call the function in a statement",
  replication: "replication carries rows without masks",
};

/** Fast-path calls and replication carry data past every mask, so that no default lets them through where labels are hidden. */
export function judgeUnknown(operation: UnknownOperation, { view, decision }: BuiltinSite): readonly BuiltinFinding[] {
  const pathless = operation.reason === "function_call" || operation.reason === "replication";
  const outcome = pathless && decision.anyHidden ? "deny" : view.policy.defaults.unknownStatement;
  if (outcome === "allow") return [];
  return [{ ruleId: BUILTIN_RULES.unknownStatement, outcome, reason: UNKNOWN_REASONS[operation.reason] }];
}

/** Rules that hold without being written, as long as some label is hidden from the principal. */
export function judgeBuiltin(operation: SqlOperation, site: BuiltinSite): readonly BuiltinFinding[] {
  if (!site.decision.anyHidden) return [];
  return [
    ...judgeLineage(operation, site),
    ...judgeLaundering(operation, site),
    ...judgePredicates(operation, site),
    ...judgeUnreadCode(operation, site),
    ...judgeCategories(operation, site),
  ];
}

function isOpaque(operation: SqlOperation): boolean {
  return operation.labels.opaque || operation.facts.opaque;
}

function judgeLineage(operation: SqlOperation, { view }: BuiltinSite): readonly BuiltinFinding[] {
  if (view.policy.defaults.unknownLineage === "mask" || !isOpaque(operation)) return [];
  return [
    { ruleId: BUILTIN_RULES.unknownLineage, outcome: "deny", reason: "it cannot be told which columns this reads" },
  ];
}

/** A label shown to the principal may go where it likes; an opaque statement may carry any label. */
function judgeLaundering(operation: SqlOperation, { view, decision }: BuiltinSite): readonly BuiltinFinding[] {
  const outcome = view.policy.defaults.laundering;
  if (outcome === "allow") return [];
  const { reads, laundering } = operation.labels;
  const hidden = reads.filter((label) => decision.masks[label] !== "show");
  if (hidden.length === 0 && !isOpaque(operation) && !(laundering && reads.length === 0)) return [];
  const what = hidden.length === 0 ? "data that cannot be told apart from labelled data" : hidden.join(", ");
  const call = operation.facts.dangerous.find((each) => each.dataArguments);
  if (laundering) {
    return [{ ruleId: BUILTIN_RULES.laundering, outcome, reason: `would copy ${what} to a place without a label` }];
  }
  if (call === undefined) return [];
  return [{ ruleId: BUILTIN_RULES.laundering, outcome, reason: `would pass ${what} to ${call.name}` }];
}

const USE_WORDS = {
  equality: "a comparison with a value",
  join: "a join",
  order: "an order or grouping",
  pattern: "a pattern or range",
  expression: "an expression",
} as const;

/** Uses that pass and are counted: of labels that are hidden from the principal. */
export function countedPredicates(operation: Operation, site: BuiltinSite): SqlOperation["labels"]["predicates"] {
  if (operation.type !== "sql") return [];
  const { predicates, unread } = operation.labels;
  const asked = (unread?.labels ?? []).map((label) => ({ label, use: "expression" as const, literals: 0 }));
  return [...predicates, ...asked].filter(
    ({ label, use }) => site.decision.masks[label] !== "show" && actionOn(label, use, site) === "count",
  );
}

const NAMES_SHOWN = 3;

/** Whether it fails, and how many rows come, is the answer to a question that nobody has read: an expression over the label. */
function judgeUnreadCode(operation: SqlOperation, site: BuiltinSite): readonly BuiltinFinding[] {
  const { unread } = operation.labels;
  const asked = unread?.labels.filter((label) => site.decision.masks[label] !== "show") ?? [];
  const actions = new Set(asked.map((label) => actionOn(label, "expression", site)));
  const outcome = actions.has("deny") ? "deny" : actions.has("review") ? "review" : undefined;
  if (unread === undefined || outcome === undefined) return [];
  const more = unread.names.length - NAMES_SHOWN;
  const names = `${unread.names.slice(0, NAMES_SHOWN).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  const reason = `runs ${names}, which nobody has read: its errors and rows could tell masked values`;
  return [{ ruleId: BUILTIN_RULES.unreadCode, outcome, reason }];
}

function actionOn(label: string, use: PredicateUse, { side }: BuiltinSite): PredicateAction {
  return (side.matrices.get(label) ?? side.defaultMatrix)[use];
}

function judgePredicates(operation: SqlOperation, site: BuiltinSite): readonly BuiltinFinding[] {
  const findings: BuiltinFinding[] = [];
  for (const { label, use } of operation.labels.predicates) {
    if (site.decision.masks[label] === "show") continue;
    const action = actionOn(label, use, site);
    if (action === "allow" || action === "count") continue;
    const reason = `${label} is masked for you, and ${USE_WORDS[use]} on it would tell its values`;
    findings.push({ ruleId: BUILTIN_RULES.predicates, outcome: action, reason });
  }
  return findings;
}

function judgeCategories({ facts }: SqlOperation, { view }: BuiltinSite): readonly BuiltinFinding[] {
  const found = new Set<BuiltinCategory>();
  for (const { category } of facts.dangerous) if (isBuiltinCategory(category)) found.add(category);
  if (facts.copy?.endpoint === "file" || facts.copy?.endpoint === "program") found.add("file");
  if (facts.relations.some((relation) => STATISTICS_RELATIONS.has(relation.name))) found.add("statistics");
  if (holdsUnseenCode(facts) && view.context.level !== "admin") found.add("code");
  return [...found]
    .filter((category) => view.policy.defaults.builtins[category] === "deny")
    .map((category) => ({
      ruleId: CATEGORY_RULES[category].id,
      outcome: "deny",
      reason: CATEGORY_RULES[category].reason,
    }));
}

/** Migrations create functions and triggers; that is work for the admin level. */
function holdsUnseenCode(facts: StatementFacts): boolean {
  return facts.hasBody || facts.kinds.includes("DO");
}
