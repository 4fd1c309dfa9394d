import type { ToOperations } from "@tidewaiter/control-plane";
import type { CompiledPolicy, Operation } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { operationOfWritten } from "@tidewaiter/kubernetes/request/written-request";
import { operationsOfWritten } from "@tidewaiter/ssh/session/written-operations";
import { nameCatalog } from "@tidewaiter/toolkit/labels/name-catalog";
import { resolveLabels } from "@tidewaiter/toolkit/labels/resolve-labels";
import type { SqlClassifier } from "@tidewaiter/toolkit/sql/classifier";

/** Each is judged by every rule, and told. */
const MAX_JUDGED = 100;

/**
 * What is judged when somebody asks for this, made by what makes it in a session: the classifier of statements, the reader
 * of command lines, the reader of requests. Labels of columns are found by name, as no target is asked.
 */
export function policyOperations(classifier: SqlClassifier): ToOperations {
  return async (written, policy, user) => {
    switch (written.type) {
      case "sql":
        return some(sqlOperations(classifier, written.text, policy));
      case "ssh":
        return some(operationsOfWritten(written.ssh, user));
      case "kube":
        return [operationOfWritten(written.kube)];
    }
  };
}

function some(operations: readonly Operation[]): readonly [Operation, ...Operation[]] {
  const [first, ...rest] = operations;
  if (first === undefined) return [{ type: "unknown", reason: "syntax", message: "there is no statement" }];
  if (operations.length <= MAX_JUDGED) return [first, ...rest];
  const what = `this is judged as ${operations.length} operations, more than ${MAX_JUDGED}`;
  throw new TidewaiterError("bad_request", what, { next: "Write fewer statements or files." });
}

function sqlOperations(classifier: SqlClassifier, sql: string, policy: CompiledPolicy): readonly Operation[] {
  const classified = classifier.classify(sql);
  if (!classified.ok) return [{ type: "unknown", reason: classified.reason, message: classified.message }];
  // the labels of more are not worth finding
  return classified.statements.slice(0, MAX_JUDGED + 1).map((facts) => {
    const catalog = nameCatalog(facts, {
      labels: policy.labelNames,
      labelsOf: (column) => policy.labelMatcher.labelsOf(column),
      columnPatterns: policy.labels.flatMap((label) => label.columns),
    });
    return { type: "sql", facts, labels: resolveLabels(facts, catalog) };
  });
}
