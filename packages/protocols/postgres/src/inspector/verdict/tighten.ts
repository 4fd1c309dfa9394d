import type { LabelUse, Verdict } from "@tidewaiter/core";
import type { Catalog } from "@tidewaiter/toolkit/labels/catalog";
import { ShiftingCatalog } from "../../catalog/shifting-catalog.ts";
import type { Lineage } from "../../lineage/lineage.ts";
import type { ErrorFields } from "../../messages.ts";
import { lineageUse } from "../lineage/lineage-use.ts";
import type { Machine } from "../machine.ts";
import type { Judged } from "../state.ts";
import { reviewCameLate } from "../texts.ts";
import { combineVerdicts, mergeLayers } from "./combine-verdicts.ts";
import { denied, isSensitive, withoutReview } from "./judge.ts";

/** Run later or asked about before: of their trees only a denial counts. */
const DENIAL_ONLY: ReadonlySet<string> = new Set(["PREPARE", "FETCH", "MOVE"]);

/**
 * A query tree of a statement that runs already. It never loosens the verdict: what it adds to the labels is judged as if it
 * had been known before. Returns the refusal when the statement should not have been sent.
 */
export function tighten(machine: Machine, judged: Judged, trees: readonly Lineage[]): ErrorFields | undefined {
  const catalog = machine.context.catalog();
  const unweighed = trees.filter((tree) => !judged.weighed.has(tree));
  if (!catalog.hasLabels || unweighed.length === 0) return undefined;
  for (const tree of unweighed) judged.weighed.add(tree);
  const labels = mergeLayers([
    judged.labels,
    ...unweighed
      .map((tree) => (changesOwnSchema(judged, catalog) ? withoutOwn(tree, catalog) : tree))
      .map((tree) => beyondUnread(judged.labels, lineageUse(tree, catalog))),
  ]);
  if (addsNothing(judged.labels, labels)) return undefined;
  const before = judged.verdict;
  judged.labels = labels;
  judged.verdict = judged.facts.reduce<Verdict>((verdict, facts) => {
    const found = machine.context.evaluate({ type: "sql", facts, labels });
    return combineVerdicts(verdict, DENIAL_ONLY.has(facts.kind) ? withoutReview(found) : found);
  }, before);
  judged.sensitive = isSensitive(labels, judged.verdict);
  const { outcome } = judged.verdict;
  if (outcome === "deny" && before.outcome !== "deny") return denied(machine, judged);
  // what a person let run was something else
  const unasked = judged.approved || before.outcome !== "review";
  if (outcome === "review" && unasked) return reviewCameLate(machine.context.resource.name, judged.verdict);
  return undefined;
}

/** A change of the schema in a session whose earlier changes nobody else sees yet: of what it has made the snapshot knows nothing. */
function changesOwnSchema({ facts }: Judged, catalog: Catalog): boolean {
  return catalog instanceof ShiftingCatalog && facts.every((one) => one.classes.every((each) => each === "schema"));
}

/**
 * To add a foreign key or a constraint the server looks through the table by a query of its own. Relations that the session has
 * made itself hold what it put there, by statements that were judged; those that are known count as ever.
 */
function withoutOwn(tree: Lineage, catalog: Catalog): Lineage {
  const known = (oid: number): boolean => catalog.byOid(oid) !== undefined;
  return {
    ...tree,
    outputs: tree.outputs.map((output) => ({
      ...output,
      sources: output.sources.filter(({ relation }) => known(relation)),
    })),
    relations: tree.relations.filter(({ oid }) => known(oid)),
    predicates: tree.predicates.filter(({ column }) => known(column.relation)),
  };
}

/** Code that nobody has read may ask anything about its labels: that it does so, and by what else it runs, is nothing new. */
function beyondUnread({ unread }: LabelUse, use: LabelUse): LabelUse {
  if (unread === undefined) return use;
  const { unread: inner, ...rest } = use;
  const isNew = (label: string): boolean => !unread.labels.includes(label);
  return {
    ...rest,
    predicates: use.predicates.filter(({ label }) => isNew(label)),
    ...(inner?.labels.some(isNew) && { unread: inner }),
  };
}

/** Labels and uses only grow when they are merged, so equal sizes mean equal sets. */
function addsNothing(before: LabelUse, after: LabelUse): boolean {
  return (
    before.opaque === after.opaque &&
    before.laundering === after.laundering &&
    (before.unread?.labels.length ?? 0) === (after.unread?.labels.length ?? 0) &&
    new Set(before.reads).size === after.reads.length &&
    new Set(before.writes).size === after.writes.length &&
    uses(before).size === uses(after).size
  );
}

function uses({ predicates }: LabelUse): ReadonlySet<string> {
  return new Set(predicates.map(({ label, use }) => `${label} ${use}`));
}
