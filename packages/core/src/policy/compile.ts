import { UNCLASSIFIED } from "../labels/bindings.ts";
import { LabelMatcher } from "../labels/label-matcher.ts";
import { BUILTIN_RULE_IDS } from "./builtin-rules.ts";
import { compileCanaries } from "./compile-canaries.ts";
import { compileDefaults } from "./compile-defaults.ts";
import { compileFunctions } from "./compile-functions.ts";
import { compileClassified, compileLabels } from "./compile-labels.ts";
import { compileRule } from "./compile-rule.ts";
import type { CompiledPolicy, CompiledRule } from "./compiled-policy.ts";
import { BUILTIN_DEFAULTS, SAYS_NOTHING } from "./defaults.ts";
import type { ParsedDocument, PolicyDocument } from "./document.ts";
import type { PolicyProblem } from "./problem.ts";
import { type DocumentInput, MAX_RULES } from "./schema.ts";
import { validateDocument } from "./validate.ts";

export interface ValidDocument {
  readonly document: ParsedDocument;
  readonly input: DocumentInput;
}

export type CompileResult =
  | {
      readonly ok: true;
      readonly policy: CompiledPolicy;
      /** Things accepted that do less than they seem to. */
      readonly warnings: readonly PolicyProblem[];
    }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

const MAX_DOCUMENTS = 500;

/** No policy yet: everything passes, what nothing can read included. */
export function emptyPolicy(version = 0): CompiledPolicy {
  return {
    version,
    labels: [],
    labelNames: [],
    labelMatcher: new LabelMatcher([]),
    rules: [],
    canaries: [],
    defaults: { ...BUILTIN_DEFAULTS, ...SAYS_NOTHING, unlabelledText: "pass" },
  };
}

/**
 * Compiles all documents as one policy, or says everything that is wrong with them. Their order decides nothing. Never
 * throws on account of its input. Limits: 500 documents of 1 MiB, 2,000 rules, 1,000 labels.
 */
export function compilePolicy(documents: readonly PolicyDocument[], version: number): CompileResult {
  if (documents.length === 0) return { ok: true, policy: emptyPolicy(version), warnings: [] };
  const names = documents.map((document) => document.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (documents.length > MAX_DOCUMENTS) return refuse(names[0] ?? "", `more than ${MAX_DOCUMENTS} documents`);
  if (twice !== undefined) return refuse(twice, "two documents have this name");
  const valid: ValidDocument[] = [];
  const problems: PolicyProblem[] = [];
  for (const source of documents) {
    const result = validateDocument(source);
    if (result.ok) valid.push(result);
    else problems.push(...result.problems);
  }
  if (problems.length > 0) return { ok: false, problems };
  return compileValid(valid, version);
}

function compileValid(documents: readonly ValidDocument[], version: number): CompileResult {
  const problems: PolicyProblem[] = [];
  const warnings: PolicyProblem[] = [];
  const labels = compileLabels(documents, problems, warnings);
  const labelNames = labels.map((label) => label.name);
  const saysNothing = labels.length === 0 && documents.every(({ input }) => (input.rules ?? []).length === 0);
  const defaults = compileDefaults(documents, problems, saysNothing ? SAYS_NOTHING : {});
  const classified = compileClassified(documents, problems);
  const functions = compileFunctions(documents, labelNames, problems);
  const canaries = compileCanaries(documents, labelNames, problems);
  // rules may speak of it, too
  const ruleLabels = labelNames.length === 0 ? labelNames : [...labelNames, UNCLASSIFIED];
  const rules: CompiledRule[] = [];
  for (const { document, input } of documents) {
    for (const [index, rule] of (input.rules ?? []).entries()) {
      const path = ["rules", index];
      rules.push(compileRule({ document, path, input: rule, labelNames: ruleLabels, problems, warnings }));
      checkId({ document, id: rule.id, path, rules }, problems);
    }
  }
  const first = documents[0];
  if (rules.length > MAX_RULES && first !== undefined) {
    problems.push(first.document.problemAt(["rules"], { message: `more than ${MAX_RULES} rules` }));
  }
  if (problems.length > 0) return { ok: false, problems };
  rules.sort((a, b) => (a.id < b.id ? -1 : 1));
  const labelMatcher = new LabelMatcher(labels, {
    classified,
    unclassified: defaults.unclassified,
    functions,
  });
  return {
    ok: true,
    warnings,
    policy: { version, labels, labelNames, labelMatcher, rules, canaries, defaults },
  };
}

interface IdSite {
  readonly document: ParsedDocument;
  readonly id: string;
  readonly path: readonly PropertyKey[];
  /** All rules so far; the last is the one with this id. */
  readonly rules: readonly CompiledRule[];
}

function checkId({ document, id, path, rules }: IdSite, problems: PolicyProblem[]): void {
  const before = rules.slice(0, -1).find((rule) => rule.id === id);
  if (before !== undefined) {
    const message = `its id is taken in ${before.document}:${before.line}`;
    problems.push(document.problemAt([...path, "id"], { message }));
  }
  if (BUILTIN_RULE_IDS.has(id)) {
    problems.push(document.problemAt([...path, "id"], { message: "its id is that of a built-in rule" }));
  }
}

function refuse(document: string, message: string): CompileResult {
  return { ok: false, problems: [{ document, line: 1, column: 1, path: "", message, excerpt: "" }] };
}
