import type { ControlPlaneStore } from "../../storage/open-store.ts";
import { compileOrRefuse } from "../policies/service.ts";
import type { PrincipalRef } from "../principals/store.ts";
import type { TargetSchemas } from "../resources/target.ts";
import { parseDocuments, type SourceFile } from "./parse.ts";
import { type ApplyResult, mergePolicies } from "./store.ts";

export interface ApplyRequest {
  readonly documents: readonly SourceFile[];
  readonly dryRun: boolean;
}

/**
 * Brings the store to what the documents say: all of them or none, and nothing the second time. A thing is removed only
 * by `state: absent`; a document that is left out changes nothing.
 */
export async function applyDocuments(
  parts: { readonly store: ControlPlaneStore; readonly targets: TargetSchemas },
  by: PrincipalRef,
  request: ApplyRequest,
): Promise<ApplyResult> {
  const documents = parseDocuments(request.documents, parts.targets);
  const inForce = await parts.store.units.policies.get({});
  const files = documents.filter((document) => document.noun === "policy");
  if (files.length > 0) compileOrRefuse(mergePolicies(inForce.documents, files), inForce.version + 1);
  const { dryRun } = request;
  return parts.store.units.apply.run({ by, documents, dryRun, policyBasedOn: inForce.version });
}
