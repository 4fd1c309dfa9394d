import { TidewaiterError } from "@tidewaiter/core/errors";
import type { SecretResolver } from "@tidewaiter/secret-stores";
import type { Permission } from "../../permissions.ts";
import type { ControlPlaneStore } from "../../storage/open-store.ts";
import { checkCredentialReference } from "../credentials/reference.ts";
import { referencesOf } from "../notifications/shape.ts";
import { compileOrRefuse } from "../policies/service.ts";
import type { PrincipalRef } from "../principals/store.ts";
import type { TargetSchemas } from "../resources/target.ts";
import type { AppliedDocument } from "./documents.ts";
import { mergePolicies } from "./nouns/policy.ts";
import { parseDocuments, type SourceFile } from "./parse.ts";
import type { ApplyResult } from "./store.ts";

export interface ApplyRequest {
  readonly documents: readonly SourceFile[];
  readonly dryRun: boolean;
}

/**
 * Brings the store to what the documents say: all of them or none, and nothing the second time. A thing is removed only
 * by `state: absent`; a document that is left out changes nothing.
 */
export async function applyDocuments(
  parts: {
    readonly store: ControlPlaneStore;
    readonly targets: TargetSchemas;
    readonly secretResolver: SecretResolver;
    /** What the caller may do beside applying. */
    readonly can: (permission: Permission) => boolean;
  },
  by: PrincipalRef,
  request: ApplyRequest,
): Promise<ApplyResult> {
  const documents = parseDocuments(request.documents, parts.targets);
  checkReferences(parts, documents);
  const inForce = await parts.store.units.policies.get({});
  const files = documents.filter((document) => document.noun === "policy");
  if (files.length > 0) compileOrRefuse(mergePolicies(inForce.documents, files), inForce.version + 1);
  const { dryRun } = request;
  return parts.store.units.apply.run({ by, documents, dryRun, policyBasedOn: inForce.version });
}

/** A credential by a document is a credential: it takes the same right as by the API. */
function checkReferences(
  { secretResolver, can }: Pick<Parameters<typeof applyDocuments>[0], "secretResolver" | "can">,
  documents: readonly AppliedDocument[],
): void {
  for (const document of documents) {
    if (document.noun === "identity_provider" && document.state === "present") {
      const { fields } = document;
      const saml = fields.type === "saml";
      checkReference(document, saml ? "decryption.key" : "clientSecret", () => {
        const reference = saml ? fields.decryption?.key : fields.clientSecret;
        if (reference !== undefined) secretResolver.check(reference);
      });
    }
    if (document.noun === "notification_channel" && document.state === "present") {
      for (const reference of referencesOf(document.fields.settings)) {
        checkReference(document, "settings", () => secretResolver.check(reference));
      }
    }
    if (document.noun !== "resource" || document.state === "absent") continue;
    for (const [level, credential] of Object.entries(document.fields.credentials ?? {})) {
      if (!can("credentials.write")) throw new TidewaiterError("permission_missing", "it takes credentials.write");
      if (!("reference" in credential)) continue;
      checkReference(document, `credentials.${level}`, () =>
        checkCredentialReference(secretResolver, credential.reference, credential.username ?? ""),
      );
    }
  }
}

/** Says where what is wrong stands. */
function checkReference({ at }: AppliedDocument, field: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof TidewaiterError)) throw error;
    const options = error.next === undefined ? {} : { next: error.next };
    throw new TidewaiterError(error.code, `${at}: ${field}: ${error.detail}`, options);
  }
}
