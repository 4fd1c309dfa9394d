import { TidewaiterError } from "@tidewaiter/core/errors";
import { parse } from "yaml";
import { z } from "zod";
import { type AwsCredentials, createAwsCredentials } from "./aws/aws-credentials.ts";
import { awsSettings } from "./aws/aws-settings.ts";
import type { Expiring } from "./expiring.ts";
import type { SecretStore } from "./secret-store.ts";
import { createAwsRdsIamStore } from "./stores/aws-rds-iam-store.ts";
import { createAwsSecretsManagerStore } from "./stores/aws-secrets-manager-store.ts";
import { azureSettings, createAzureKeyVaultStore } from "./stores/azure-key-vault-store.ts";
import { createEnvStore } from "./stores/env-store.ts";
import { createFileStore } from "./stores/file-store.ts";
import { createGcpSecretManagerStore, gcpSettings } from "./stores/gcp-secret-manager-store.ts";
import { createKubernetesStore, kubernetesSettings } from "./stores/kubernetes-store.ts";
import { VaultClient } from "./stores/vault/vault-client.ts";
import { vaultSettings } from "./stores/vault/vault-settings.ts";
import { createVaultStore } from "./stores/vault/vault-store.ts";
import { createAwsKmsKey } from "./wrapping-keys/aws-kms-key.ts";
import { createVaultTransitKey } from "./wrapping-keys/vault-transit-key.ts";
import type { WrappingKey } from "./wrapping-keys/wrapping-key.ts";

/** What the operator says about the stores, in YAML or JSON; a store that is left out is not used. */
const settingsSchema = z.strictObject({
  /** Variables of the server. */
  env: z.array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/)).optional(),
  /** Directories. */
  file: z.array(z.string().startsWith("/")).optional(),
  vault: vaultSettings.optional(),
  aws: awsSettings.optional(),
  gcp: gcpSettings.optional(),
  azure: azureSettings.optional(),
  kube: kubernetesSettings.optional(),
});

export type SecretStoreSettings = z.output<typeof settingsSchema>;

/** @throws TidewaiterError `bad_request` with the place of what is wrong */
export function readSecretStoreSettings(source: string): SecretStoreSettings {
  let value: unknown;
  try {
    value = parse(source);
  } catch {
    throw new TidewaiterError("bad_request", "the settings of the secret stores are not YAML");
  }
  const result = settingsSchema.safeParse(value ?? {});
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${issue.path.join(".") || "settings"}: ${issue.message}`);
  throw new TidewaiterError("bad_request", `secret stores: ${problems.join("; ")}`);
}

export interface SecretStoreDeps {
  readonly readVariable: (name: string) => string | undefined;
  readonly now: () => number;
}

export interface SecretStores {
  readonly stores: readonly SecretStore[];
  /** Throws `bad_request` for a key of a service that the settings do not name. */
  wrappingKey(id: string): WrappingKey;
}

export function createSecretStores(settings: SecretStoreSettings, deps: SecretStoreDeps): SecretStores {
  const { vault, aws } = settings;
  const client = vault && new VaultClient(vault, deps);
  const credentials = aws && createAwsCredentials(aws, deps);
  return {
    stores: storesOf(settings, deps, { client, credentials }),
    wrappingKey(id) {
      const [, mount, key] = /^vault-transit:([\w-]+(?:\/[\w-]+)*)\/([\w.-]+)$/.exec(id) ?? [];
      if (mount !== undefined && key !== undefined && client) return createVaultTransitKey(client, mount, key);
      const arn = id.startsWith("aws-kms:") ? id.slice("aws-kms:".length) : undefined;
      if (arn !== undefined && aws && credentials) return createAwsKmsKey(aws, credentials, { arn, now: deps.now });
      throw new TidewaiterError("bad_request", `${id}: expected vault-transit:MOUNT/KEY or aws-kms:ARN`, {
        next: "The settings of its service belong into the file of --secret-stores.",
      });
    },
  };
}

function storesOf(
  settings: SecretStoreSettings,
  deps: SecretStoreDeps,
  { client, credentials }: { client: VaultClient | undefined; credentials: Expiring<AwsCredentials> | undefined },
): SecretStore[] {
  const { env = [], file = [], vault, aws, gcp, azure, kube } = settings;
  const { now } = deps;
  return [
    createEnvStore(env, deps.readVariable),
    createFileStore(file),
    client && createVaultStore(client, { allow: vault?.allow, now }),
    aws && credentials && createAwsSecretsManagerStore(aws, credentials, now),
    aws && credentials && createAwsRdsIamStore(aws, credentials, now),
    gcp && createGcpSecretManagerStore(gcp, { now }),
    azure && createAzureKeyVaultStore(azure, deps),
    kube && createKubernetesStore(kube),
  ].filter((store) => store !== undefined);
}
