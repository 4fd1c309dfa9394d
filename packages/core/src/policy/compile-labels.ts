import { UNCLASSIFIED } from "../labels/bindings.ts";
import { KUBE_SECRET } from "../labels/kube-secret.ts";
import { splitColumnPattern } from "../labels/label-matcher.ts";
import { linearPattern } from "./cel.ts";
import type { ValidDocument } from "./compile.ts";
import { DetectorChecks, detectorsOf } from "./compile-detect.ts";
import type { LabelDefinition } from "./compiled-policy.ts";
import type { ParsedDocument } from "./document.ts";
import type { PolicyProblem } from "./problem.ts";
import { type LabelInput, MAX_LABELS } from "./schema.ts";

const LABEL_NAME = /^[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)*$/;

/** Merges the labels of all documents; the same label may stand in two only when it says the same. */
export function compileLabels(
  documents: readonly ValidDocument[],
  problems: PolicyProblem[],
  warnings: PolicyProblem[],
): readonly LabelDefinition[] {
  const detectors = new DetectorChecks(problems, warnings);
  const seen = new Map<string, { readonly text: string; readonly document: string; readonly label: LabelDefinition }>();
  for (const { document, input } of documents) {
    for (const [name, label] of Object.entries(input.labels ?? {})) {
      checkLabel({ document, name, label }, problems);
      detectors.check(document, name, label.detect ?? []);
      const text = JSON.stringify(label);
      const before = seen.get(name);
      if (before === undefined) seen.set(name, { text, document: document.name, label: define(name, label) });
      else if (before.text !== text) {
        problems.push(
          document.problemAtKey(["labels", name], { message: `is defined differently in ${before.document}` }),
        );
      }
    }
  }
  const first = documents[0];
  if (seen.size > MAX_LABELS && first !== undefined) {
    problems.push(first.document.problemAt(["labels"], { message: `more than ${MAX_LABELS} labels` }));
  }
  return [...seen.values()].map((entry) => entry.label).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The columns that documents declare harmless, all of them together. */
export function compileClassified(documents: readonly ValidDocument[], problems: PolicyProblem[]): readonly string[] {
  for (const { document, input } of documents)
    checkPatterns({ document, path: ["classified"], patterns: input.classified ?? [] }, problems);
  return [...new Set(documents.flatMap(({ input }) => input.classified ?? []))];
}

function checkLabel(
  { document, name, label }: { document: ParsedDocument; name: string; label: LabelInput },
  problems: PolicyProblem[],
): void {
  const path = ["labels", name];
  if (name === UNCLASSIFIED) {
    problems.push(document.problemAtKey(path, { message: "is the name of what nobody has decided about" }));
  } else if (!LABEL_NAME.test(name) || name === "default" || name.length > 100) {
    problems.push(document.problemAtKey(path, { message: "is not a label's name, such as pii.email" }));
  }
  const { columns, names, detect } = label;
  if (columns === undefined && names === undefined && detect === undefined && name !== KUBE_SECRET) {
    problems.push(document.problemAtKey(path, { message: "needs columns, names or detect" }));
  }
  checkPatterns({ document, path: [...path, "columns"], patterns: label.columns ?? [] }, problems);
  if (label.names === undefined) return;
  try {
    linearPattern(label.names);
  } catch {
    problems.push(document.problemAt([...path, "names"], { message: "names is not a valid RE2 pattern" }));
  }
}

function checkPatterns(
  { document, path, patterns }: { document: ParsedDocument; path: readonly string[]; patterns: readonly string[] },
  problems: PolicyProblem[],
): void {
  for (const [index, pattern] of patterns.entries()) {
    try {
      splitColumnPattern(pattern);
    } catch {
      const message = `"${pattern}" is not schema.table.column or table.column`;
      problems.push(document.problemAt([...path, index], { message }));
    }
  }
}

function define(name: string, label: LabelInput): LabelDefinition {
  return {
    name,
    columns: label.columns ?? [],
    ...(label.names === undefined ? {} : { names: label.names }),
    ...detectorsOf(label.detect ?? []),
    predicates: withoutUndefined(label.predicates ?? {}) as LabelDefinition["predicates"],
  };
}

/** zod leaves optional keys out, so this only narrows the type for exactOptionalPropertyTypes. */
function withoutUndefined<T extends object>(value: T): object {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined));
}
