import type { AccessLevel, CredentialForm, OpenedCredential, TargetCredential } from "@tidewaiter/core";
import { credentialFrom } from "@tidewaiter/core";
import { newId } from "@tidewaiter/core/ids";
import type { SecretResolver } from "@tidewaiter/secret-stores";
import type { Sealer } from "../../seal/sealer.ts";
import type { SecretGrantSigner } from "../../signing/secret-grant.ts";
import type { ControlPlaneStore } from "../../storage/open-store.ts";
import { issueTargetCertificate, type TargetCertificateParts } from "../certificates/ssh-target.ts";
import type { PrincipalRef } from "../principals/store.ts";
import { checkCredentialType, type TargetSchemas } from "../resources/target.ts";
import { agentSecretName, checkCredentialReference } from "./reference.ts";
import type { CredentialRow } from "./store.ts";

/** A credential as it is set: its secret, where that is kept, or that a certificate is made for each session. */
export type CredentialInput = Exclude<TargetCredential, { readonly type: "ssh_certificate" }> | DocumentedCredential;

/** Holds no secret: may stand in a document. */
export type DocumentedCredential =
  | ReferencedCredential
  | { readonly type: "ssh_certificate"; readonly username: string };

export interface ReferencedCredential {
  readonly type: CredentialForm;
  /** Absent: the one that the secret names. */
  readonly username?: string | undefined;
  readonly reference: string;
}

/** Seals the credential's secret part, or keeps its reference; it is opened again only for a target connection. */
export async function setCredential(
  parts: {
    readonly store: ControlPlaneStore;
    readonly sealer: Sealer;
    readonly secretResolver: SecretResolver;
    readonly targets: TargetSchemas;
  },
  args: { readonly by: PrincipalRef; readonly resource: string; readonly level: AccessLevel },
  credential: CredentialInput,
): Promise<void> {
  const id = newId("crd");
  const { by, resource, level } = args;
  const { protocol } = await parts.store.units.resources.get({ name: resource });
  checkCredentialType(parts.targets, protocol, credential.type);
  const { set } = parts.store.units.credentials;
  if ("reference" in credential) {
    const { type, username = "", reference } = credential;
    checkCredentialReference(parts.secretResolver, reference, username);
    const row = { id, level, type, username, sealed: null, reference };
    await set({ by, resource, credential: row, dataKey: undefined });
    return;
  }
  const { type, username, ...secret } = credential;
  await parts.sealer.sealing(async () => {
    const nothing = type === "trust" || type === "ssh_certificate";
    const sealed = nothing ? undefined : parts.sealer.seal(placeOf(id), JSON.stringify(secret));
    const row = { id, level, type, username, sealed: sealed?.sealed ?? null, reference: null };
    await set({ by, resource, credential: row, dataKey: sealed?.dataKey });
  });
}

export interface OpeningParts extends TargetCertificateParts {
  readonly sealer: Sealer;
  readonly secretResolver: SecretResolver;
  readonly secretGrants: SecretGrantSigner;
}

/** For which session it is opened: the holder of what is leased, and whom an agent may give its secret to. */
export interface OpeningSession {
  readonly sessionId: string;
  readonly agentId: string;
  readonly gatewayId: string;
  readonly resource: string;
  /** For the log of the target: who is behind it. */
  readonly who: string;
  /** The target did not take it the last time. */
  readonly refused?: boolean | undefined;
}

/** @throws TidewaiterError `secret_unavailable` */
export async function openTargetCredential(
  parts: OpeningParts,
  row: CredentialRow,
  session: OpeningSession,
): Promise<OpenedCredential> {
  const { type, username, sealed, reference } = row;
  if (type === "ssh_certificate") return issueTargetCertificate(parts, { username, ...session });
  if (type !== "trust" && reference !== null) return openReferenced(parts, { type, username, reference }, session);
  if (type === "trust" || sealed === null) return { type: "trust", username };
  const plaintext = await parts.sealer.open(placeOf(row.id), sealed);
  const secret = JSON.parse(plaintext.toString()) as Record<
    "password" | "certificatePem" | "privateKeyPem" | "token",
    string
  >;
  plaintext.fill(0);
  if (type === "password") return { type, username, password: secret.password };
  if (type === "ssh_key") return { type, username, privateKeyPem: secret.privateKeyPem };
  if (type === "token") return { type, username, token: secret.token };
  return { type, username, certificatePem: secret.certificatePem, privateKeyPem: secret.privateKeyPem };
}

async function openReferenced(
  parts: OpeningParts,
  { type, username, reference }: { type: CredentialForm; username: string; reference: string },
  { refused, sessionId, agentId, gatewayId }: OpeningSession,
): Promise<OpenedCredential> {
  const name = agentSecretName(reference);
  if (name !== undefined) {
    const secretGrant = await parts.secretGrants.sign({ sessionId, agentId, gatewayId, name });
    return { type: "agent_secret", username, name, form: type, secretGrant };
  }
  const holder = sessionId;
  if (refused) parts.secretResolver.refused(reference, holder);
  const secret = await parts.secretResolver.resolve(reference, { holder });
  return credentialFrom(type, { username: username || (secret.username ?? ""), value: secret.value });
}

function placeOf(id: string) {
  return { noun: "credential", id, field: "secret" };
}
