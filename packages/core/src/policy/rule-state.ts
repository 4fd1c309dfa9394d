import { kubeLabels } from "../labels/kube-secret.ts";
import type { Operation } from "../operation.ts";
import type { AccessLevel } from "../resource.ts";
import { type Bindings, bind } from "./cel.ts";
import type { CompiledRule, PrincipalPattern, RuleMatch } from "./compiled-policy.ts";
import type { EvaluationContext } from "./context.ts";
import type { Judged } from "./environment-field.ts";
import type { Truth } from "./expression.ts";
import { matchesAny } from "./glob.ts";

/** What a rule says about one operation. `exempt`: it matched, and `unless` is true. */
export type RuleState =
  | { readonly state: "applies"; readonly because: "matched" | "when_unknown" | "unless_unknown" }
  | { readonly state: "exempt" }
  | { readonly state: "not_matched"; readonly because: NotMatched };

export type NotMatched = "resources" | "principals" | "labels" | "tags" | "levels" | "when" | "protocol";

/** The part of `match` that does not select this principal and resource, or undefined when all of it does. */
export function mismatch(match: RuleMatch, judged: Judged, context: EvaluationContext): NotMatched | undefined {
  const { resource, level } = context;
  if (match.resources !== undefined && !matchesAny(match.resources, resource.name)) return "resources";
  if (match.levels !== undefined && !match.levels.includes(level)) return "levels";
  if (match.tags?.some((tag) => !hasTag(resource.tags, tag)) === true) return "tags";
  if (match.principals?.some((pattern) => selects(pattern, judged)) === false) return "principals";
  return undefined;
}

function hasTag(tags: Readonly<Record<string, string>>, wanted: NonNullable<RuleMatch["tags"]>[number]): boolean {
  const value = Object.hasOwn(tags, wanted.name) ? tags[wanted.name] : undefined;
  return value !== undefined && matchesAny(wanted.values, value);
}

export function selects({ type, glob }: PrincipalPattern, judged: Judged): boolean {
  if (type === "kind") return glob.matches(judged.kind);
  return type === "name" ? glob.matches(judged.name) : judged.groups.some((group) => glob.matches(group));
}

/** An operation's labels, in the sense of `match.labels`: an opaque statement may touch any of them. */
export function touches(match: RuleMatch, operation: Operation): boolean {
  const globs = match.labels;
  if (globs === undefined) return true;
  // labels are of columns
  if (operation.type === "ssh") return false;
  if (operation.type === "kube") return kubeLabels(operation).some((label) => matchesAny(globs, label));
  if (operation.type !== "sql" || operation.labels.opaque || operation.facts.opaque) return true;
  const { reads, writes, predicates } = operation.labels;
  const touched = (label: string) => matchesAny(globs, label);
  return reads.some(touched) || writes.some(touched) || predicates.some(({ label }) => touched(label));
}

/** Only true and false count: an unknown `when` matches, an unknown `unless` does not exempt. */
export function stateOf(rule: CompiledRule, when: Truth, unless: Truth): RuleState {
  if (when === false) return { state: "not_matched", because: "when" };
  if (unless === true) return { state: "exempt" };
  if (rule.when !== undefined && when === "unknown") return { state: "applies", because: "when_unknown" };
  return { state: "applies", because: unless === "unknown" ? "unless_unknown" : "matched" };
}

/** A rule whose `match` selects principal and resource, with what is already known for the whole session. */
export interface StandingRule {
  readonly rule: CompiledRule;
  /** undefined: depends on the operation. */
  readonly when: Truth | undefined;
  readonly unless: Truth | undefined;
}

export function standing(rule: CompiledRule, bindings: Bindings): StandingRule {
  const early = (which: "when" | "unless", absent: Truth) => {
    const expression = rule[which];
    if (expression === undefined) return absent;
    return expression.subjects.length === 0 ? expression.evaluate(bindings) : undefined;
  };
  return { rule, when: early("when", true), unless: early("unless", false) };
}

export function judge({ rule, when, unless }: StandingRule, bindings: Bindings, operation?: Operation): RuleState {
  if (rule.subject !== undefined && rule.subject !== subjectOf(operation))
    return { state: "not_matched", because: "protocol" };
  const matched = when ?? rule.when?.evaluate(bindings) ?? true;
  if (matched === false) return { state: "not_matched", because: "when" };
  return stateOf(rule, matched, unless ?? rule.unless?.evaluate(bindings) ?? false);
}

/** What cannot be read is SQL that cannot be read: other protocols know what is asked, if not always what it will do. */
function subjectOf(operation: Operation | undefined): string {
  return operation === undefined || operation.type === "unknown" ? "sql" : operation.type;
}

export function bindingsFor(judged: Judged, context: EvaluationContext, operation?: Operation): Bindings {
  const { resource, session } = context;
  const level: AccessLevel = context.level;
  const source = { principal: judged, resource, level, session };
  return bind(operation === undefined ? source : { ...source, operation });
}
