import { NO_LABELS, type SqlOperation } from "../operation.ts";
import type { Principal } from "../principal.ts";
import type { StatementFacts } from "../sql-facts.ts";
import { compilePolicy } from "./compile.ts";
import type { CompiledPolicy } from "./compiled-policy.ts";
import type { EvaluationContext } from "./context.ts";
import { formatProblem } from "./problem.ts";

const SELECT: StatementFacts = {
  span: { start: 0, end: 8 },
  kind: "SELECT",
  kinds: ["SELECT"],
  class: "read",
  classes: ["read"],
  opaque: false,
  relations: [],
  functions: [],
  operators: [],
  attributes: [],
  types: [],
  columns: [],
  outputs: [],
  returnsRows: true,
  writes: [],
  hasBody: false,
  literals: [],
  secrets: [],
  params: 0,
  normalised: "SELECT 1",
  fingerprint: "0000000000000000",
  dangerous: [],
};

/** A harmless SELECT, changed as a test needs it. */
export function operationOf(
  facts: Partial<StatementFacts> = {},
  labels: Partial<SqlOperation["labels"]> = {},
  estimatedRows?: number,
): SqlOperation {
  const operation = { type: "sql", facts: { ...SELECT, ...facts }, labels: { ...NO_LABELS, ...labels } } as const;
  return estimatedRows === undefined ? operation : { ...operation, estimatedRows };
}

export function contextOf(
  principal: Partial<Principal> = {},
  rest: { tags?: Record<string, string>; enforce?: "on" | "observe"; level?: "read" | "write" | "admin" } = {},
): EvaluationContext {
  return {
    principal: { id: "prn_1", name: "ana", kind: "user", groups: [], ...principal },
    resource: {
      name: "pg-prod",
      protocol: "postgres",
      tags: rest.tags ?? { env: "prod" },
      enforce: rest.enforce ?? "on",
    },
    level: rest.level ?? "write",
    session: { client: "127.0.0.1" },
  };
}

export const LABELS = `version: 1
labels:
  pii.email: { columns: ["*.customers.email"] }
  pii.ssn: { columns: ["customers.ssn"] }
`;

/** Compiles the documents or fails with their problems in words. */
export function policyOf(...sources: readonly string[]): CompiledPolicy {
  const result = compilePolicy(
    sources.map((source, index) => ({ name: `p${index}.yaml`, source })),
    7,
  );
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join("\n"));
  return result.policy;
}

/** A document with rules only, each a flow mapping. */
export function rulesOf(...rules: readonly string[]): string {
  return `version: 1\nrules:\n${rules.map((rule) => `  - ${rule}\n`).join("")}`;
}
