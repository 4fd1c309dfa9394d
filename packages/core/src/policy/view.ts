import { UNCLASSIFIED } from "../labels/bindings.ts";
import { CONSTANT_MASK, type MaskSpec, stricterMask, strictestMask } from "../mask.ts";
import type { Operation } from "../operation.ts";
import type { PrincipalKind } from "../principal.ts";
import type { Verdict } from "../verdict.ts";
import type { Bindings } from "./cel.ts";
import { mergeMatrices } from "./compile-defaults.ts";
import type { CompiledPolicy, CompiledRule, PredicateMatrix, RuleMask } from "./compiled-policy.ts";
import type { EvaluationContext } from "./context.ts";
import type { Judged } from "./environment-field.ts";
import { bindingsFor, judge, mismatch, type StandingRule, standing } from "./rule-state.ts";

const COUNTED: PredicateMatrix = {
  equality: "count",
  join: "allow",
  order: "count",
  pattern: "count",
  expression: "count",
};

export type Masks = Verdict["masks"];

/** What rules ask of single objects of Kubernetes. */
export interface ObjectRules {
  /** One that masks does: objects of a list are masked each as if it were got by itself. */
  readonly mask: boolean;
  /** Labels are asked for, which a request for an object that is there does not tell. */
  readonly askLabels: boolean;
}

/** A policy as seen by one principal on one resource: what does not depend on the operation is decided already. */
export interface PolicyView {
  readonly policy: CompiledPolicy;
  readonly context: EvaluationContext;
  /** The principal and, for an AI agent that acts for a person, that person: its rights are what both may do. */
  readonly sides: readonly ViewSide[];
  readonly needsEstimate: boolean;
  readonly objects: ObjectRules;
}

export interface ViewSide {
  readonly judged: Judged;
  readonly kind: PrincipalKind;
  readonly rules: readonly StandingRule[];
  readonly maskRules: readonly StandingRule[];
  /** Present when no mask depends on the operation. */
  readonly standingMasks?: MaskDecision;
  /** What each use of a label as a predicate means for this kind of principal. */
  readonly matrices: ReadonlyMap<string, PredicateMatrix>;
  readonly defaultMatrix: PredicateMatrix;
}

export interface MaskDecision {
  readonly masks: Masks;
  /** Masks of rules in `observe`, by label. */
  readonly observed: readonly { readonly ruleId: string; readonly label: string }[];
  /** Some label is not shown. */
  readonly anyHidden: boolean;
}

const views = new WeakMap<CompiledPolicy, WeakMap<EvaluationContext, PolicyView>>();

/** The view of a policy in a context, made once per context object. */
export function viewFor(policy: CompiledPolicy, context: EvaluationContext): PolicyView {
  let byContext = views.get(policy);
  if (byContext === undefined) {
    byContext = new WeakMap();
    views.set(policy, byContext);
  }
  let view = byContext.get(context);
  if (view === undefined) {
    view = createView(policy, context);
    byContext.set(context, view);
  }
  return view;
}

function createView(policy: CompiledPolicy, context: EvaluationContext): PolicyView {
  const sides = sidesOf(context).map(({ judged, kind }) => createSide(policy, context, { judged, kind }));
  const rules = sides.flatMap((side) => side.rules.map(({ rule }) => rule));
  const needsEstimate = rules.some((rule) => mentions(rule, "sql", "estimated_rows"));
  const objects = {
    mask: rules.some((rule) => rule.mask !== undefined && tellsApart(rule)),
    askLabels: rules.some((rule) => mentions(rule, "kube", "labels")),
  };
  return { policy, context, sides, needsEstimate, objects };
}

/** What tells objects of one kind apart. */
const OBJECT_FIELDS = ["namespace", "name", "labels"] as const;

/** It says other things of some objects of a kind than of others. */
export function tellsApart(rule: CompiledRule): boolean {
  return OBJECT_FIELDS.some((field) => mentions(rule, "kube", field));
}

function mentions({ when, unless }: CompiledRule, root: string, field: string): boolean {
  return when?.mentions(root, field) === true || unless?.mentions(root, field) === true;
}

interface Side {
  readonly judged: Judged;
  readonly kind: PrincipalKind;
}

/** Exemptions are never inherited: an AI agent is judged as itself and as its person, and the stricter counts. */
export function sidesOf({ principal }: EvaluationContext): readonly Side[] {
  const own: Side = { judged: principal, kind: principal.kind };
  const person = principal.onBehalfOf;
  if (person === undefined) return [own];
  return [own, { judged: { name: person.name, kind: "user", groups: person.groups }, kind: "user" }];
}

function createSide(policy: CompiledPolicy, context: EvaluationContext, { judged, kind }: Side): ViewSide {
  const bindings = bindingsFor(judged, context);
  const rules = policy.rules
    .filter((rule) => mismatch(rule.match, judged, context) === undefined)
    .map((rule) => standing(rule, bindings))
    .filter((each) => each.when !== false);
  const maskRules = rules.filter((each) => each.rule.mask !== undefined);
  const fixed = maskRules.every((each) => each.when !== undefined && each.unless !== undefined);
  const defaults = policy.defaults.predicates;
  const own = policy.labels.filter((label) => Object.keys(label.predicates).length > 0);
  return {
    judged,
    kind,
    rules,
    maskRules,
    matrices: new Map([
      // nobody has said that it is sensitive: what people and programs choose rows by is only counted
      ...(kind === "ai_agent" ? [] : [[UNCLASSIFIED, COUNTED] as const]),
      ...own.map((label) => [label.name, mergeMatrices(defaults, label.predicates)[kind]] as const),
    ]),
    defaultMatrix: defaults[kind],
    ...(fixed ? { standingMasks: decideMasks(policy, maskRules, bindings) } : {}),
  };
}

/** Masks of one side for one operation; the bindings are read only where a mask depends on it. */
export function masksOf(
  policy: CompiledPolicy,
  side: ViewSide,
  { bindings, operation }: { readonly bindings: Bindings; readonly operation: Operation },
): MaskDecision {
  return side.standingMasks ?? decideMasks(policy, side.maskRules, bindings, operation);
}

/**
 * A label that no matching rule mentions is masked with the constant; among several masks the strictest counts; only
 * `unless` on every matching rule shows it.
 */
function decideMasks(
  policy: CompiledPolicy,
  maskRules: readonly StandingRule[],
  bindings: Bindings,
  operation?: Operation,
): MaskDecision {
  const states = maskRules.map((each) => ({ rule: each.rule, state: judge(each, bindings, operation).state }));
  const masks: Record<string, MaskSpec | "show"> = {};
  const observed: { ruleId: string; label: string }[] = [];
  for (const label of [...policy.labelNames, UNCLASSIFIED]) {
    let mentioned = false;
    const specs: MaskSpec[] = [];
    for (const { rule, state } of states) {
      if (state === "not_matched" || rule.mask?.covers.has(label) !== true) continue;
      mentioned = true;
      if (state === "exempt") continue;
      const spec = maskFor(rule.mask, label);
      if (rule.enforce === "observe") observed.push({ ruleId: rule.id, label });
      else specs.push(spec);
    }
    // no policy has to speak of what is not classified; unless one does it is masked like every label that is not known
    if (label === UNCLASSIFIED && !mentioned) continue;
    masks[label] = strictestMask(specs) ?? (mentioned ? "show" : CONSTANT_MASK);
  }
  return { masks, observed, anyHidden: Object.values(masks).some((mask) => mask !== "show") };
}

/** The exact name wins over globs; among several globs the strictest counts. */
function maskFor(mask: RuleMask, label: string): MaskSpec {
  const exact = mask.byLabel.find(({ glob }) => glob.source === label);
  if (exact !== undefined) return exact.spec;
  const specs = mask.byLabel.filter(({ glob }) => glob.matches(label)).map(({ spec }) => spec);
  return strictestMask(specs) ?? mask.fallback;
}

/** Per label the stricter of all sides; shown only when every side shows it. */
export function combineMasks(decisions: readonly Masks[]): Masks {
  const [first, ...rest] = decisions;
  if (first === undefined) return {};
  return rest.reduce((masks, other) => {
    const combined: Record<string, MaskSpec | "show"> = {};
    for (const [label, mask] of Object.entries(masks)) {
      const second = other[label] ?? CONSTANT_MASK;
      combined[label] = mask === "show" ? second : second === "show" ? mask : stricterMask(mask, second);
    }
    return combined;
  }, first);
}
