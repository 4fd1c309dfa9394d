import { answer } from "../api/client.ts";
import { revokeSecret } from "../connection-secret/make-secret.ts";
import type { CommandContext } from "../context.ts";
import { type OpenedConnection, openConnection, type Wanted } from "./open-connection.ts";
import { saveConnection } from "./save-connection.ts";
import type { SavedConnection } from "./saved-connections.ts";

export interface WantedService {
  readonly service: string;
  readonly wanted: Wanted;
  readonly certificate: boolean;
}

/** Makes a secret or a certificate for a service and writes both, in place of what stood there before. */
export async function connectService(
  context: CommandContext,
  { service, wanted, certificate }: WantedService,
): Promise<OpenedConnection> {
  const opened = await open(context, service, wanted, certificate);
  const { name: profile } = await context.profile();
  const { serviceFile, passFile } = context.env;
  const { secretId, expiresAt } = opened;
  const saved: SavedConnection = { profile, service, serviceFile, passFile, wanted, certificate, secretId, expiresAt };
  let replaced: string | undefined;
  try {
    replaced = await saveConnection(context.env, service, opened, saved);
  } catch (error) {
    // One that is written nowhere would only take a place among the live ones.
    await revokeSecret(context, secretId);
    throw error;
  }
  if (replaced !== undefined && replaced !== secretId) await revokeUnused(context, replaced);
  return opened;
}

async function open(context: CommandContext, service: string, wanted: Wanted, certificate: boolean) {
  if (!certificate) return await openConnection(context, wanted);
  // Loaded only here: making requests takes a library that nothing else needs.
  const { openWithCertificate } = await import("./client-certificate.ts");
  return await openWithCertificate(context, service, wanted);
}

/** Revoking ends sessions, so a replaced secret that is in use stays until it expires. */
async function revokeUnused(context: CommandContext, id: string): Promise<void> {
  const { secrets } = await answer((await context.api()).GET("/v1/connection-secrets", { params: { query: {} } }));
  if (secrets.some((secret) => secret.id === id && secret.uses === 0)) await revokeSecret(context, id);
}
