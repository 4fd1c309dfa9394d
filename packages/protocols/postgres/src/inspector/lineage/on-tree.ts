import type { Lineage } from "../../lineage/lineage.ts";
import type { ErrorFields } from "../../messages.ts";
import type { Machine } from "../machine.ts";
import { cut } from "../results/cut.ts";
import type { Owed } from "../state.ts";
import { runsPrepared } from "../statements/meanings.ts";
import { notWhatWasApproved } from "../texts.ts";
import { tighten } from "../verdict/tighten.ts";

/**
 * A query tree of the target belongs to the message that it answers now. It goes nowhere: the client did not ask for it.
 * `hash`: what the tree is equal to, as long as no code of the statement can have run.
 */
export function onTree(machine: Machine, tree: Lineage, hash: () => string | undefined): void {
  const owed = machine.owed[0];
  if (owed === undefined) return;
  if (owed.probe !== undefined) return add(owed.probe.trees, tree);
  if (analysedAgain(owed, tree)) machine.doubts++;
  if (owed.trees !== undefined) return add(owed.trees, tree);
  if (owed.type !== "query" && owed.type !== "execute") return;
  const list = owed.judged?.trees[owed.type === "query" ? owed.result : 0];
  if (list === undefined) return;
  if (owed.type === "query" && isAnother(owed, list, tree, hash))
    return stop(machine, notWhatWasApproved(machine.context.resource.name));
  add(list, tree);
  check(machine, owed);
}

/**
 * A prepared statement that means something else by now (another search_path, a view that was replaced) is analysed again
 * once, and what runs it afterwards brings no tree.
 */
function analysedAgain(owed: Owed, { command }: Lineage): boolean {
  if (owed.type === "bind" || owed.type === "describe") return true;
  if ((owed.type !== "query" && owed.type !== "execute") || command === "utility") return false;
  const facts = owed.judged?.facts[owed.type === "query" ? owed.result : 0];
  return facts !== undefined && runsPrepared(facts);
}

/** The first tree of an approved statement is that of the question before it, or the server now understands it otherwise. */
function isAnother(
  owed: Extract<Owed, { type: "query" }>,
  known: readonly Lineage[],
  { command, hash }: Lineage,
  hashBefore: () => string | undefined,
): boolean {
  if (command === "utility" || owed.analysed === owed.result) return false;
  owed.analysed = owed.result;
  // what was asked about was sent when everything before it was answered, so the settings it was read by were known
  const found = owed.result === 0 ? hashBefore() : hash;
  return owed.judged?.approved === true && known.length > 0 && known[0]?.hash !== found;
}

/** Before anything of a result reaches the client: what the trees so far say of it, those of its Parse and Bind included. */
export function check(machine: Machine, owed: Owed): void {
  if (machine.notices === undefined || machine.cutting !== undefined) return;
  if ((owed.type !== "query" && owed.type !== "execute") || owed.judged === undefined) return;
  const refusal = tighten(machine, owed.judged, treesOf(owed));
  if (refusal !== undefined) stop(machine, refusal);
}

/** Of the result that comes now. */
export function treesOf(owed: Extract<Owed, { type: "query" | "execute" }>): readonly Lineage[] {
  if (owed.type === "query") return owed.judged?.trees[owed.result] ?? [];
  const { portal, judged } = owed;
  return [...(portal?.prepared.trees ?? []), ...(portal?.trees ?? []), ...(judged?.trees[0] ?? [])];
}

/** It runs already: whatever its end is, it is not told. */
function stop(machine: Machine, refusal: ErrorFields): void {
  cut(machine, refusal);
  if (machine.cutting !== undefined) machine.cutting.dropped = true;
}

function add(list: Lineage[], tree: Lineage): void {
  if (!list.some(({ hash }) => hash === tree.hash)) list.push(tree);
}
