import { type KubeOperation, NO_LABELS, type SqlOperation, type SshOperation } from "../operation.ts";
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

/** A command that can be read, changed as a test needs it. */
export function sshOf(changes: Partial<SshOperation> = {}): SshOperation {
  return { type: "ssh", channel: "exec", user: "deploy", command: "uptime", programs: ["uptime"], ...changes };
}

/** A look at one pod, changed as a test needs it. */
export function kubeOf(changes: Partial<KubeOperation> = {}): KubeOperation {
  return {
    type: "kube",
    verb: "get",
    group: "",
    version: "v1",
    resource: "pods",
    subresource: "",
    namespace: "prod",
    name: "web-1",
    path: "/api/v1/namespaces/prod/pods/web-1",
    labels: undefined,
    dryRun: false,
    container: "",
    command: [],
    programs: [],
    ...changes,
  };
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
