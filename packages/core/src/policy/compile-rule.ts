import { CONSTANT_MASK, type MaskSpec } from "../mask.ts";
import { compileBudget } from "./compile-budget.ts";
import { toRuleReview } from "./compile-defaults.ts";
import { compileMaskSpec } from "./compile-mask-spec.ts";
import { compileMatch } from "./compile-match.ts";
import { compileTests } from "./compile-tests.ts";
import type { CompiledRule, RuleMask, RuleMatch } from "./compiled-policy.ts";
import type { DocumentPath, ParsedDocument } from "./document.ts";
import { compileExpression, type Expression } from "./expression.ts";
import { compileGlob } from "./glob.ts";
import type { PolicyProblem } from "./problem.ts";
import type { RuleInput } from "./schema.ts";
import { didYouMean } from "./suggest.ts";

export interface RuleSite {
  readonly document: ParsedDocument;
  readonly path: DocumentPath;
  readonly input: RuleInput;
  /** Names of all labels of the policy, sorted. */
  readonly labelNames: readonly string[];
  readonly problems: PolicyProblem[];
  /** Things accepted that do less than they seem to. */
  readonly warnings: PolicyProblem[];
}

/** Compiles one rule; whatever is wrong with it goes to `problems`, and then the result is not used. */
export function compileRule(site: RuleSite): CompiledRule {
  const { document, path, input } = site;
  checkOutcomes(site);
  const match = compileMatch(site);
  const when = compileCondition(site, "when");
  const unless = compileCondition(site, "unless");
  const subject = commonSubject(site, [when, unless]);
  const reason = input.reason ?? input.deny;
  return {
    id: input.id,
    document: document.name,
    line: document.lineOf(path),
    enforce: input.enforce ?? "on",
    match,
    tests: compileTests(site),
    ...(reason === undefined ? {} : { reason }),
    ...(when === undefined ? {} : { when }),
    ...(unless === undefined ? {} : { unless }),
    ...(subject === undefined ? {} : { subject }),
    ...compileOutcomes(site, match),
  };
}

type Outcomes = Pick<CompiledRule, "deny" | "review" | "mask" | "budget" | "recording">;

function compileOutcomes(site: RuleSite, match: RuleMatch): Outcomes {
  const { input } = site;
  const { mode, results } = input.recording ?? {};
  return {
    ...(input.deny === undefined ? {} : { deny: { reason: input.deny } }),
    ...(input.review === undefined ? {} : { review: compileReview(input) }),
    ...(input.mask === undefined ? {} : { mask: compileMask(site, match) }),
    ...(input.budget === undefined ? {} : { budget: compileBudget(site, input.budget) }),
    ...(input.recording === undefined
      ? {}
      : { recording: { ...(mode === undefined ? {} : { mode }), ...(results === undefined ? {} : { results }) } }),
  };
}

function checkOutcomes({ document, path, input, problems }: RuleSite): void {
  const outcomes = [input.deny, input.review, input.mask, input.budget, input.recording];
  if (outcomes.every((outcome) => outcome === undefined)) {
    problems.push(
      document.problemAt(path, { message: "does nothing: it needs deny, review, mask, budget or recording" }),
    );
  }
  for (const key of ["on_review", "in_transaction"] as const) {
    if (input[key] !== undefined && input.review === undefined) {
      problems.push(document.problemAtKey([...path, key], { message: `${key} means something only beside review` }));
    }
  }
}

function compileCondition(site: RuleSite, key: "when" | "unless"): Expression | undefined {
  const source = site.input[key];
  if (source === undefined) return undefined;
  const result = compileExpression(source);
  if (result.ok) return result.expression;
  const { message, hint, start, end } = result.problem;
  const finding = hint === undefined ? { message } : { message, hint };
  site.problems.push(site.document.problemWithin([...site.path, key], finding, { start, end }));
  return undefined;
}

/** A rule that spoke of two protocols could apply to neither: each operation belongs to one. */
function commonSubject(site: RuleSite, expressions: readonly (Expression | undefined)[]): string | undefined {
  const subjects = new Set(expressions.flatMap((expression) => expression?.subjects ?? []));
  if (subjects.size > 1) {
    const message = `speaks of ${[...subjects].sort().join(" and ")}; write one rule for each`;
    site.problems.push(
      site.document.problemAt([...site.path, site.input.when === undefined ? "unless" : "when"], { message }),
    );
  }
  return [...subjects][0];
}

function compileReview(input: RuleInput): NonNullable<CompiledRule["review"]> {
  const review = toRuleReview(input.review ?? { by: [] }, input.in_transaction);
  return input.on_review === undefined ? review : { ...review, mode: input.on_review };
}

function compileMask(site: RuleSite, match: RuleMatch): RuleMask {
  const { document, path, input, labelNames, problems } = site;
  const byLabel: { glob: ReturnType<typeof compileGlob>; spec: MaskSpec }[] = [];
  for (const [key, spec] of Object.entries(input.mask ?? {})) {
    if (key === "default") continue;
    const glob = compileGlob(key);
    const named = labelNames.filter((label) => glob.matches(label));
    const selected = named.filter(
      (label) => match.labels === undefined || match.labels.some((each) => each.matches(label)),
    );
    if (named.length === 0) {
      const hint = didYouMean(key, labelNames);
      const message = `mask names "${key}", which is no label`;
      problems.push(
        document.problemAtKey([...path, "mask", key], hint === undefined ? { message } : { message, hint }),
      );
    } else if (selected.length === 0) {
      problems.push(
        document.problemAtKey([...path, "mask", key], {
          message: `mask names "${key}", which match.labels leaves out`,
        }),
      );
    }
    byLabel.push({ glob, spec: compileMaskSpec(site, [...path, "mask", key], spec) });
  }
  const fallback = input.mask?.default;
  const everything = fallback !== undefined || match.labels !== undefined;
  const covers = labelNames.filter((label) =>
    match.labels === undefined
      ? everything || byLabel.some(({ glob }) => glob.matches(label))
      : match.labels.some((glob) => glob.matches(label)),
  );
  return {
    byLabel,
    fallback: fallback === undefined ? CONSTANT_MASK : compileMaskSpec(site, [...path, "mask", "default"], fallback),
    covers: new Set(covers),
  };
}
