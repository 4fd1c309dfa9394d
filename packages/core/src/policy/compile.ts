import { LabelMatcher } from "../labels/label-matcher.ts";
import type { CompiledPolicy } from "./compiled-policy.ts";
import { BUILTIN_DEFAULTS } from "./defaults.ts";
import type { PolicyProblem } from "./problem.ts";

export interface PolicyDocument {
  /** Shown in problems: a path such as `policies/pii.yaml`. */
  readonly name: string;
  readonly source: string;
}

export type CompileResult =
  | { readonly ok: true; readonly policy: CompiledPolicy }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

export function emptyPolicy(version = 0): CompiledPolicy {
  return {
    version,
    labels: [],
    labelNames: [],
    labelMatcher: new LabelMatcher([]),
    rules: [],
    defaults: { ...BUILTIN_DEFAULTS, unlabelledText: "pass" },
  };
}

/** Compiles all documents as one policy. Never throws on account of its input. */
export function compilePolicy(documents: readonly PolicyDocument[], version: number): CompileResult {
  if (documents.length === 0) return { ok: true, policy: emptyPolicy(version) };
  const problems = documents.map((document) => ({
    document: document.name,
    line: 1,
    column: 1,
    path: "",
    message: "documents cannot be compiled yet",
    excerpt: "",
  }));
  return { ok: false, problems };
}
