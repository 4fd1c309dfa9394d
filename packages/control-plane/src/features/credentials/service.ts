import type { AccessLevel, TargetCredential } from "@tidewaiter/core";
import { newId } from "@tidewaiter/core/ids";
import type { Sealer } from "../../seal/sealer.ts";
import type { ControlPlaneStore } from "../../storage/open-store.ts";
import type { PrincipalRef } from "../principals/store.ts";
import type { CredentialRow } from "./store.ts";

/** Seals the credential's secret part; it is opened again only for a target connection. */
export async function setCredential(
  parts: { readonly store: ControlPlaneStore; readonly sealer: Sealer },
  args: { readonly by: PrincipalRef; readonly resource: string; readonly level: AccessLevel },
  credential: TargetCredential,
): Promise<void> {
  const id = newId("crd");
  const { type, username, ...secret } = credential;
  const { by, resource, level } = args;
  await parts.sealer.sealing(async () => {
    const sealed = type === "trust" ? undefined : parts.sealer.seal(placeOf(id), JSON.stringify(secret));
    const row = { id, level, type, username, sealed: sealed?.sealed ?? null };
    await parts.store.units.credentials.set({ by, resource, credential: row, dataKey: sealed?.dataKey });
  });
}

export async function openTargetCredential(sealer: Sealer, row: CredentialRow): Promise<TargetCredential> {
  const { id, type, username, sealed } = row;
  if (type === "trust" || sealed === null) return { type: "trust", username };
  const plaintext = await sealer.open(placeOf(id), sealed);
  const secret = JSON.parse(plaintext.toString()) as Record<"password" | "certificatePem" | "privateKeyPem", string>;
  plaintext.fill(0);
  if (type === "password") return { type, username, password: secret.password };
  return { type, username, certificatePem: secret.certificatePem, privateKeyPem: secret.privateKeyPem };
}

function placeOf(id: string) {
  return { noun: "credential", id, field: "secret" };
}
