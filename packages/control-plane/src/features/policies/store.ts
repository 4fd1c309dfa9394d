import type { PolicyBundle } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { asc, desc, eq } from "../../storage/drizzle.ts";
import { policyDocuments, policyVersions } from "../../storage/schema.ts";
import { insert, select, selectOne, type Work } from "../../storage/statement.ts";
import { read, type UnitContext } from "../../storage/unit.ts";
import { policyWeakens } from "../change-requests/policy-weakens.ts";
import { protect } from "../change-requests/protect.ts";
import type { PrincipalRef } from "../principals/store.ts";

export interface PolicyVersionView {
  readonly version: number;
  readonly appliedAt: string;
  readonly appliedBy: string;
}

export const policyUnits = {
  /** The version in force, or an older one. */
  get: read(function* (_unit, args: { version?: number }): Work<PolicyBundle> {
    if (args.version === undefined || args.version === 0) return yield* currentPolicy(args.version);
    const known = yield* selectOne(policyVersions, eq(policyVersions.version, args.version));
    if (known === undefined) throw new TidewaiterError("not_found", `there is no policy version ${args.version}`);
    return { version: known.version, documents: yield* documentsOf(known.version) };
  }),

  versions: read(function* (): Work<PolicyVersionView[]> {
    return yield* select(policyVersions, { orderBy: desc(policyVersions.version), limit: 200 });
  }),
};

function* currentPolicy(version?: number): Work<PolicyBundle> {
  const current = version ?? (yield* currentPolicyVersion());
  return { version: current, documents: current === 0 ? [] : yield* documentsOf(current) };
}

/** 0 = no policy yet. */
export function* currentPolicyVersion(): Work<number> {
  const [row] = yield* select(policyVersions, { orderBy: desc(policyVersions.version), limit: 1 });
  return row?.version ?? 0;
}

export function* documentsOf(version: number): Work<{ name: string; source: string }[]> {
  const rows = yield* select(policyDocuments, {
    where: eq(policyDocuments.version, version),
    orderBy: asc(policyDocuments.name),
  });
  return rows.map(({ name, source }) => ({ name, source }));
}

/** By name, those that are not the same in both. */
function changedDocuments(before: PolicyBundle["documents"], after: PolicyBundle["documents"]) {
  const only = (all: PolicyBundle["documents"], other: PolicyBundle["documents"]) => {
    const differs = all.filter(({ name, source }) => !other.some((one) => one.name === name && one.source === source));
    return Object.fromEntries(differs.map(({ name, source }) => [name, source]));
  };
  return { before: only(before, after), after: only(after, before) };
}

interface NewPolicy {
  readonly by: PrincipalRef;
  /** The version that the documents were made from and compiled against. */
  readonly basedOn: number;
  readonly documents: PolicyBundle["documents"];
}

/** Stores a compiled bundle as the next version; refuses when another one came in between. */
export function* putPolicy(unit: UnitContext, args: NewPolicy): Work<number> {
  const current = yield* currentPolicyVersion();
  if (current !== args.basedOn) {
    throw new TidewaiterError("conflict", `the policy changed meanwhile (version ${current})`, {
      next: "Apply again.",
    });
  }
  const version = current + 1;
  const before = yield* documentsOf(current);
  const why = policyWeakens(before, args.documents);
  protect(unit, { noun: "policy", name: `version ${version}` }, why, changedDocuments(before, args.documents));
  yield* insert(policyVersions, { version, appliedAt: unit.now, appliedBy: args.by.name });
  for (const { name, source } of args.documents) yield* insert(policyDocuments, { version, name, source });
  unit.changed("policy", String(version));
  const data = { by: args.by.name, version, documents: args.documents.map(({ name }) => name).join(" ") };
  unit.audit({ type: "policy.applied", principalId: args.by.id, data });
  return version;
}
