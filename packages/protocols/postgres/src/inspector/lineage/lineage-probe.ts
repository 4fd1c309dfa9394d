import type { LabelUse, StatementFacts } from "@tidewaiter/core";
import { PREDICATE_USES } from "@tidewaiter/core";
import type { Catalog } from "@tidewaiter/toolkit/labels/catalog";
import type { Machine } from "../machine.ts";
import type { Judged } from "../state.ts";

const PROBED: ReadonlySet<string> = new Set(["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"]);

/**
 * Must the server's tree be known before the statement runs? Where the classifier's names can mean one thing only, the tree
 * will say the same, and comes before the rows anyway. It is asked for before what cannot be taken back, a write, since
 * defaults, rules and generated columns do not show in its text; and where names, functions or operators are not known and
 * the answer could be a denial or a question.
 */
export function needsTree(machine: Machine, judged: Judged): StatementFacts | undefined {
  const [facts] = judged.facts;
  const catalog = machine.context.catalog();
  if (machine.context.lineage === undefined || !catalog.hasLabels || judged.verdict.outcome === "deny")
    return undefined;
  if (facts === undefined || judged.facts.length > 1 || !PROBED.has(facts.kind)) return undefined;
  if (machine.notices === undefined && !canBeView(machine, facts)) return undefined;
  // who is asked has to know all of it, and lets run just that
  if (judged.verdict.outcome === "review") return facts;
  if (facts.class === "read" && isCertain(facts, judged.labels, catalog)) return undefined;
  // without it everything is masked; where trees come anyway, they come before the rows
  if (machine.notices === undefined) return facts;
  return couldBeWorse(machine, judged, facts, catalog) ? facts : undefined;
}

/**
 * Of a string of several statements: places of those whose tree must be known before any of it runs, since what it adds could
 * refuse or hold one. A tree that comes while they run comes too late for those before it.
 */
export function undecided(machine: Machine, judged: Judged): readonly number[] {
  const { facts, verdict, labels } = judged;
  const catalog = machine.context.catalog();
  if (machine.notices === undefined || facts.length < 2 || !catalog.hasLabels || verdict.outcome === "deny") return [];
  return facts.flatMap((one, index) => {
    if (!PROBED.has(one.kind)) return [];
    // who is asked lets run just what the server understands now
    if (verdict.outcome === "review") return [index];
    if (one.class === "read" && isCertain(one, labels, catalog)) return [];
    return couldBeWorse(machine, judged, one, catalog) ? [index] : [];
  });
}

/** A query without parameters, in a session that is idle. */
function canBeView({ status, batchOpen }: Machine, facts: StatementFacts): boolean {
  return (
    status === "I" &&
    !batchOpen &&
    facts.kind === "SELECT" &&
    facts.class === "read" &&
    facts.params === 0 &&
    facts.into === undefined &&
    facts.dangerous.length === 0
  );
}

function isCertain(facts: StatementFacts, labels: LabelUse, catalog: Catalog): boolean {
  if (labels.opaque || facts.opaque) return false;
  return facts.relations.every(({ schema, name, access }) => {
    const found = catalog.find(schema, name);
    return found.length === 1 ? found[0]?.opaque === false : found.length === 0 && access === "write";
  });
}

/** Judged as if it touched every label in every way, would the outcome be another? */
function couldBeWorse({ context }: Machine, judged: Judged, facts: StatementFacts, catalog: Catalog): boolean {
  const labels: LabelUse = {
    reads: catalog.labels,
    writes: catalog.labels,
    predicates: catalog.labels.flatMap((label) => PREDICATE_USES.map((use) => ({ label, use, literals: 1 }))),
    laundering: true,
    opaque: true,
    unread: { names: [], labels: catalog.labels },
  };
  return context.evaluate({ type: "sql", facts, labels }).outcome !== judged.verdict.outcome;
}
