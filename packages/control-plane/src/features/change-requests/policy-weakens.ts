import { isDeepStrictEqual } from "node:util";
import { parseDocument } from "yaml";

interface PolicyFile {
  readonly name: string;
  readonly source: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** All documents as one, which is how they are compiled: in which file something stands decides nothing. */
interface Merged {
  readonly rules: ReadonlyMap<string, Fields>;
  readonly labels: ReadonlyMap<string, Fields>;
  readonly canaries: ReadonlyMap<string, Fields>;
  /** Every other field, by file. */
  readonly rest: readonly Fields[];
}

/**
 * Why a policy protects less than the one before. Only what can be seen to add is no loss: new rules, new labels, more
 * columns or detectors of a label, new canaries, a rule that is enforced after it was only observed, other words and
 * tests. Everything else counts as weaker, also what may not be.
 */
export function policyWeakens(before: readonly PolicyFile[], after: readonly PolicyFile[]): string[] {
  if (before.length === 0) return [];
  const [had, has] = [merge(before), merge(after)];
  if (had === undefined || has === undefined) return ["it cannot be compared with the one before"];
  return [
    ...lost("rule", had.rules, has.rules, ruleKeeps),
    ...lost("label", had.labels, has.labels, labelKeeps),
    ...lost("canary", had.canaries, has.canaries, isDeepStrictEqual),
    ...restLost(had.rest, has.rest),
  ];
}

function lost(
  noun: string,
  had: ReadonlyMap<string, Fields>,
  has: ReadonlyMap<string, Fields>,
  keeps: (before: Fields, after: Fields) => boolean,
): string[] {
  return [...had].flatMap(([name, before]) => {
    const after = has.get(name);
    if (after === undefined) return [`${noun} ${name} is removed`];
    return keeps(before, after) ? [] : [`${noun} ${name} is changed`];
  });
}

function ruleKeeps(before: Fields, after: Fields): boolean {
  const { reason: _r1, tests: _t1, enforce: had = "on", ...old } = before;
  const { reason: _r2, tests: _t2, enforce: has = "on", ...now } = after;
  return isDeepStrictEqual(old, now) && (has === had || has === "on");
}

function labelKeeps(before: Fields, after: Fields): boolean {
  const { columns: hadColumns, detect: hadDetect, ...old } = before;
  const { columns, detect, ...now } = after;
  return isDeepStrictEqual(old, now) && contains(columns, hadColumns) && contains(detect, hadDetect);
}

function contains(list: unknown, wanted: unknown): boolean {
  const all = Array.isArray(list) ? list : [];
  return (Array.isArray(wanted) ? wanted : []).every((entry) => all.some((one) => isDeepStrictEqual(one, entry)));
}

/** Defaults, exceptions and whatever a later version of the language brings: the same, or somebody looks at it. */
function restLost(had: readonly Fields[], has: readonly Fields[]): string[] {
  const fields = new Set([...had, ...has].flatMap(Object.keys));
  return [...fields].flatMap((field) => {
    const of = (all: readonly Fields[]) => all.flatMap((one) => (one[field] === undefined ? [] : [one[field]]));
    return isDeepStrictEqual(of(had), of(has)) ? [] : [`${field} is changed`];
  });
}

function merge(files: readonly PolicyFile[]): Merged | undefined {
  const merged = { rules: new Map(), labels: new Map(), canaries: new Map(), rest: [] as Fields[] };
  for (const { source } of [...files].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const fields = read(source);
    if (fields === undefined) return undefined;
    const { version: _, rules = [], labels = {}, canaries = [], ...rest } = fields;
    if (!addById(merged.rules, rules) || !addById(merged.canaries, canaries)) return undefined;
    if (!isFields(labels)) return undefined;
    for (const [name, label] of Object.entries(labels)) {
      if (merged.labels.has(name)) return undefined;
      merged.labels.set(name, isFields(label) ? label : {});
    }
    merged.rest.push(rest);
  }
  return merged;
}

/** False where two have the same id: which of them holds is not decided here. */
function addById(into: Map<string, Fields>, list: unknown): boolean {
  if (!Array.isArray(list)) return list === null;
  return list.every((entry) => {
    if (!isFields(entry) || typeof entry.id !== "string" || into.has(entry.id)) return false;
    into.set(entry.id, entry);
    return true;
  });
}

function read(source: string): Fields | undefined {
  const document = parseDocument(source);
  if (document.errors.length > 0) return undefined;
  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
