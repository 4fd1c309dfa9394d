import type { Work } from "../../../storage/statement.ts";
import type { UnitContext } from "../../../storage/unit.ts";
import { documentsOf, putPolicy } from "../../policies/store.ts";
import type { PrincipalRef } from "../../principals/store.ts";
import { type AppliedChange, outcome, type PolicyFile, toJson } from "../documents.ts";

export function* applyPolicies(
  unit: UnitContext,
  args: { readonly by: PrincipalRef; readonly policyBasedOn: number },
  files: readonly PolicyFile[],
): Work<AppliedChange[]> {
  if (files.length === 0) return [];
  const current = new Map((yield* documentsOf(args.policyBasedOn)).map(({ name, source }) => [name, source]));
  const changes = files.map((file): AppliedChange => {
    const before = current.get(file.name);
    const after = file.state === "absent" ? undefined : file.fields.source;
    if (before === after) return outcome(file, "none");
    const diff = [{ field: "source", before: toJson(before), after: toJson(after) }];
    return outcome(file, before === undefined ? "create" : after === undefined ? "delete" : "update", diff);
  });
  if (changes.every((change) => change.action === "none")) return changes;
  const documents = mergePolicies(
    [...current].map(([name, source]) => ({ name, source })),
    files,
  );
  yield* putPolicy(unit, { by: args.by, basedOn: args.policyBasedOn, documents });
  return changes;
}

/** The bundle in force with the given files put in or taken out, by name. */
export function mergePolicies(
  current: readonly { readonly name: string; readonly source: string }[],
  files: readonly PolicyFile[],
): { name: string; source: string }[] {
  const merged = new Map(current.map(({ name, source }) => [name, source]));
  for (const file of files) {
    if (file.state === "absent") merged.delete(file.name);
    else merged.set(file.name, file.fields.source);
  }
  return [...merged].map(([name, source]) => ({ name, source })).sort((a, b) => (a.name < b.name ? -1 : 1));
}
