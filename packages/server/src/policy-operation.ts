import type { ToOperation } from "@tidewaiter/control-plane";
import type { CompiledPolicy, Operation } from "@tidewaiter/core";
import { nameCatalog } from "@tidewaiter/toolkit/labels/name-catalog";
import { resolveLabels } from "@tidewaiter/toolkit/labels/resolve-labels";
import type { SqlClassifier } from "@tidewaiter/toolkit/sql/classifier";

/** SQL as an operation for policy tests and explanations: the live classifier, and labels by name, as no target is asked. */
export function policyOperation(classifier: SqlClassifier): ToOperation {
  return async (sql, policy) => operationOf(classifier, sql, policy);
}

function operationOf(classifier: SqlClassifier, sql: string, policy: CompiledPolicy): Operation {
  const classified = classifier.classify(sql);
  if (!classified.ok) return { type: "unknown", reason: classified.reason, message: classified.message };
  const facts = classified.statements[0];
  if (facts === undefined) return { type: "unknown", reason: "syntax", message: "there is no statement" };
  const catalog = nameCatalog(facts, {
    labels: policy.labelNames,
    labelsOf: (column) => policy.labelMatcher.labelsOf(column),
    columnPatterns: policy.labels.flatMap((label) => label.columns),
  });
  return { type: "sql", facts, labels: resolveLabels(facts, catalog) };
}
