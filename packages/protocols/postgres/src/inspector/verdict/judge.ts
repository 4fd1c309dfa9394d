import type { LabelUse, StatementFacts, Verdict } from "@tidewaiter/core";
import { mergeUses } from "@tidewaiter/core";
import type { Catalog } from "@tidewaiter/toolkit/labels/catalog";
import { UNSAFE_FUNCTIONS } from "@tidewaiter/toolkit/labels/catalog";
import { kindOf } from "@tidewaiter/toolkit/sql/number-shapes";
import type { Lineage } from "../../lineage/lineage.ts";
import type { ErrorFields } from "../../messages.ts";
import { nothingSpent } from "../budgets/spending.ts";
import { lineageUse } from "../lineage/lineage-use.ts";
import type { Machine } from "../machine.ts";
import type { BoundParameters, Judged } from "../state.ts";
import type { Meaning } from "../statements/meanings.ts";
import { meanings } from "../statements/meanings.ts";
import { refusedByRule } from "../texts.ts";
import { combineVerdicts, mergeLayers } from "./combine-verdicts.ts";
import { labelsByName } from "./labels-by-name.ts";
import type { BoundValues } from "./own-rules.ts";
import { ownRefusal } from "./own-rules.ts";

/** The verdict on a string of statements: the most severe over all of them, with the strictest mask for each label. */
export function judge(machine: Machine, sql: string, facts: readonly StatementFacts[], given: Given = {}): Judged {
  const { estimatedRows } = given;
  const treesOf = (index: number): readonly Lineage[] => given.trees?.[index] ?? [];
  const meant = meanings(machine, facts);
  let verdict: Verdict | undefined;
  const uses: LabelUse[] = [];
  for (const [index, meaning] of meant.entries()) {
    const since = oldest(meaning.since, given.since);
    const judged = judgeOne(machine, meaning, { estimatedRows, trees: [...meaning.trees, ...treesOf(index)], since });
    uses.push(judged.labels);
    verdict = combineVerdicts(verdict, judged.verdict);
  }
  if (verdict === undefined) throw new Error("a string without statements has no verdict");
  const labels = mergeUses(uses);
  const refusal = ownRefusal(machine, { sql, meant, verdict, bound: given.bound });
  return {
    operation: 0,
    sql,
    kind: facts[0]?.kind ?? "EMPTY",
    facts,
    results: meant.map(({ result }) => result),
    named: meant.flatMap(({ texts }) => texts),
    trees: meant.map((meaning, index) => [...meaning.trees, ...treesOf(index)]),
    since: meant.map((meaning) => oldest(meaning.since, given.since)),
    weighed: new Set(given.trees?.flat()),
    verdict: refusal === undefined ? verdict : { ...verdict, outcome: "deny", ...refusal.rule },
    ...(refusal !== undefined && { refusal: refusal.fields }),
    labels,
    sensitive: isSensitive(labels, verdict),
    approved: false,
    estimatedRows,
    startedAt: machine.now,
    rows: 0,
    bytes: 0,
    masked: [],
    captured: undefined,
    ...nothingSpent(given.bound),
    finished: false,
  };
}

interface Given {
  /** From a plain EXPLAIN. */
  readonly estimatedRows?: number | undefined;
  /** At Execute; literals are looked at always. */
  readonly bound?: BoundValues & BoundParameters;
  /** Per statement of the string, query trees that the server sent of it. */
  readonly trees?: readonly (readonly Lineage[])[];
  /** Of the prepared statement that they came with. */
  readonly since?: number;
}

function oldest(...since: readonly (number | undefined)[]): number | undefined {
  const known = since.filter((one) => one !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** May the trees be of what a prepared statement meant before? */
export function isStale({ doubts }: Machine, since: number | undefined): boolean {
  return since !== undefined && since < doubts;
}

function judgeOne(machine: Machine, meaning: Meaning, { estimatedRows, trees, since }: Known) {
  const { context } = machine;
  const stale = isStale(machine, since);
  const catalog = context.catalog();
  const evaluate = (facts: StatementFacts, labels: LabelUse): Verdict =>
    context.evaluate({
      type: "sql",
      facts: kindOf(facts),
      labels,
      ...(estimatedRows !== undefined && { estimatedRows }),
    });
  const resolved = (facts: StatementFacts): LabelUse => {
    const byName = labelsByName(facts, catalog);
    return stale ? mergeLayers([byName, ...usesOf(trees, catalog)]) : withTrees(facts, byName, trees, catalog);
  };
  const run = meaning.runs.map((facts) => ({ facts, labels: resolved(facts) }));
  const own = meaning.runs.length > 0 ? labelsByName(meaning.written, catalog) : resolved(meaning.written);
  const inside = mergeUses(run.map((one) => one.labels));
  const unknown = catalog.hasLabels && meaning.unknown;
  const all = run.length === 0 ? own : mergeUses([own, inside]);
  // a table made from EXECUTE takes whatever that reads
  const laundering = all.laundering || (meaning.stores && (unknown || inside.opaque || inside.reads.length > 0));
  const opaque = all.opaque || unknown;
  // most statements are what they were: the same object lets the verdict be found again
  const labels: LabelUse =
    laundering === all.laundering && opaque === all.opaque ? all : { ...all, opaque, laundering };
  let verdict = evaluate(meaning.written, meaning.denialOnly ? { ...own, opaque: own.opaque || unknown } : labels);
  for (const one of run) {
    const inner = evaluate(one.facts, one.labels);
    verdict = combineVerdicts(verdict, meaning.denialOnly ? withoutReview(inner) : inner);
  }
  return { verdict, labels };
}

interface Known {
  readonly estimatedRows: number | undefined;
  readonly trees: readonly Lineage[];
  readonly since: number | undefined;
}

function usesOf(trees: readonly Lineage[], catalog: Catalog): readonly LabelUse[] {
  return trees.map((tree) => lineageUse(tree, catalog));
}

/**
 * With the server's own tree: names that could have meant several things mean one, and functions, operators and views are
 * known by OID. What the classifier could not read stays unknown.
 */
function withTrees(facts: StatementFacts, byName: LabelUse, trees: readonly Lineage[], catalog: Catalog): LabelUse {
  if (trees.length === 0) return byName;
  const below = facts.functions.some(({ name }) => UNSAFE_FUNCTIONS.has(name));
  const unread = below || facts.opaque || facts.class === "code" || trees.every(({ command }) => command === "utility");
  const certain: LabelUse = unread || !byName.opaque ? byName : certainly(byName);
  return mergeLayers([certain, ...usesOf(trees, catalog)]);
}

/** Without what only might be. */
function certainly({ unread: _, ...byName }: LabelUse): LabelUse {
  return { ...byName, opaque: false, laundering: false };
}

export function withoutReview({ review: _, ...verdict }: Verdict): Verdict {
  return verdict.outcome === "review" ? { ...verdict, outcome: "allow" } : verdict;
}

export function isSensitive(labels: LabelUse, { masks }: Verdict): boolean {
  return labels.opaque || [...labels.reads, ...labels.writes].some((label) => masks[label] !== "show");
}

/** The refusal for a verdict of deny. */
export function denied(machine: Machine, judged: Judged): ErrorFields {
  return judged.refusal ?? refusedByRule(machine.context.resource.name, judged.verdict, machine.status);
}
