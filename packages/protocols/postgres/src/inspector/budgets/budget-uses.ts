import { createHmac } from "node:crypto";
import type { BudgetAmounts, BudgetValues, LabelPredicate, SqlComparedValue } from "@tidewaiter/core";
import { labelCounters } from "@tidewaiter/core";
import type { Machine } from "../machine.ts";
import type { Judged } from "../state.ts";
import { MAX_PARAMETER_LENGTH, MAX_PARAMETERS } from "../statements/bind-parameters.ts";

const TOKEN_BYTES = 16;
/** They name a statement that was, or will be, counted where it runs. */
const ELSEWHERE: ReadonlySet<string> = new Set(["PREPARE", "DEALLOCATE", "FETCH", "MOVE", "CLOSE"]);

/** Uses of labels to choose rows that the matrix counts, by counter. What nobody can read counts as one use. */
export function usesToCount(judged: Judged, limits: BudgetAmounts): BudgetAmounts {
  const uses: Record<string, number> = {};
  if (countsElsewhere(judged)) return uses;
  const { counted = [] } = judged.verdict;
  for (const predicate of judged.labels.predicates) {
    if (!counted.some(({ label, use }) => label === predicate.label && use === predicate.use)) continue;
    for (const counter of labelCounters(limits, "predicates", [predicate.label]))
      uses[counter] = (uses[counter] ?? 0) + valueCount(judged, predicate);
  }
  if (judged.labels.opaque)
    for (const counter of Object.keys(limits)) if (counter.startsWith("predicates:")) uses[counter] ??= 1;
  return uses;
}

function countsElsewhere({ facts }: Judged): boolean {
  return facts.length > 0 && facts.every(({ kind }) => ELSEWHERE.has(kind));
}

/** Counters of cells that may be drawn on: a label that it reads is shown whole or in part. */
export function shownCounters({ labels, verdict }: Judged, limits: BudgetAmounts): readonly string[] {
  const shown = labels.reads.filter((label) => {
    const mask = verdict.masks[label];
    return mask === "show" || (mask !== undefined && mask.transform !== "constant" && mask.transform !== "null");
  });
  return labelCounters(limits, "cells", shown);
}

/** Keyed tokens of the values that labels are compared with for equality, by counter; a few more than a limit suffice. */
export function distinctValues(machine: Machine, judged: Judged, limits: BudgetAmounts): BudgetValues {
  const values: Record<string, string[]> = {};
  if (countsElsewhere(judged)) return values;
  for (const predicate of judged.labels.predicates) {
    if (predicate.use !== "equality") continue;
    for (const counter of labelCounters(limits, "distinct", [predicate.label])) {
      const known = values[counter] ?? [];
      values[counter] = known;
      const room = (limits[counter] ?? 0) + 1;
      for (const text of comparedTexts(judged, predicate, room)) {
        if (known.length >= room) break;
        known.push(token(machine, predicate.label, text));
      }
    }
  }
  return values;
}

/** The same value has the same token wherever it is compared with the label. */
function token({ context }: Machine, label: string, text: string): string {
  const mac = createHmac("sha256", context.tokenKey).update(`budget\0${label}\0`).update(text).digest();
  return mac.subarray(0, TOKEN_BYTES).toString("base64url");
}

/** An array in a parameter is as many values as it has elements. */
function valueCount(judged: Judged, { literals, values = [] }: LabelPredicate): number {
  let more = 0;
  for (const value of values)
    if ("param" in value && value.list === true) more += (judged.bound?.lists.get(value.param) ?? 1) - 1;
  return Math.max(1, literals + more);
}

/** Each value as text; one that cannot be told is named after the whole statement, so that another statement is another value. */
function comparedTexts(judged: Judged, predicate: LabelPredicate, room: number): readonly string[] {
  const texts = new Set<string>();
  let known = 0;
  for (const value of predicate.values ?? []) {
    const text = textOf(judged, value);
    if (text === undefined) continue;
    known++;
    texts.add(text);
  }
  const unknown = Math.min(room, valueCount(judged, predicate) - known);
  for (let index = 0; index < unknown; index++) texts.add([judged.sql, judged.bound?.digest ?? "", index].join("\0"));
  return [...texts];
}

function textOf({ facts, named, sql, bound }: Judged, value: SqlComparedValue): string | undefined {
  const [only] = facts;
  if (facts.length !== 1 || only === undefined || named.length > 0) return undefined;
  if ("literal" in value) {
    const span = only.literals[value.literal];
    return span === undefined ? undefined : unquoted(sql.slice(span.start, span.end));
  }
  if (value.list === true || bound === undefined || value.param > MAX_PARAMETERS) return undefined;
  const text = bound.parameters[value.param - 1];
  if (text === null) return "NULL";
  return text === undefined || text.length >= MAX_PARAMETER_LENGTH ? undefined : `'${text}`;
}

/** A plain string and a parameter with the same value are one value; every other spelling is another. */
function unquoted(literal: string): string {
  const plain = /^'((?:[^'\\]|'')*)'$/.exec(literal)?.[1];
  return plain === undefined ? literal : `'${plain.replaceAll("''", "'")}`;
}
