import { TidewaiterError } from "@tidewaiter/core/errors";
import { z } from "zod";
import { requireAllowed, requireForm } from "../allow-list.ts";
import { Expiring } from "../expiring.ts";
import { type HttpAnswer, jsonOf, sendRequest, textAt } from "../http-request.ts";
import { readLocalSecret } from "../local-secret.ts";
import { fromText, unavailable } from "../read-fields.ts";
import { onlyOptions } from "../secret-reference.ts";
import type { SecretStore } from "../secret-store.ts";
import { allowedPaths, localSecret } from "../setting-shapes.ts";
import { jsonAnswer } from "../store-answer.ts";

const uuid = z.string().regex(/^[0-9a-fA-F-]{36}$/, "a UUID");

export const azureSettings = z.strictObject({
  auth: z
    .discriminatedUnion("method", [
      z.strictObject({ method: z.literal("managed_identity"), clientId: uuid.optional() }),
      z.strictObject({ method: z.literal("client_secret"), tenantId: uuid, clientId: uuid, clientSecret: localSecret }),
      z.strictObject({ method: z.literal("workload_identity"), tenantId: uuid, clientId: uuid, token: localSecret }),
    ])
    .default({ method: "managed_identity" }),
  allow: allowedPaths,
});

export type AzureSettings = z.output<typeof azureSettings>;

export interface AzureDeps {
  readonly readVariable: (name: string) => string | undefined;
  readonly now: () => number;
  /** Other addresses in tests only. */
  readonly addresses?: { readonly imds: string; readonly login: string; vault(name: string): string };
}

const PUBLIC = {
  imds: "http://169.254.169.254",
  login: "https://login.microsoftonline.com",
  vault: (name: string) => `https://${name}.vault.azure.net`,
};

/**
 * `azure-kv:VAULT/SECRET[/VERSION]#FIELD`: Azure Key Vault
 * (https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret).
 */
export function createAzureKeyVaultStore(settings: AzureSettings, deps: AzureDeps): SecretStore {
  const { vault } = deps.addresses ?? PUBLIC;
  const tokens = new Expiring((signal) => fetchToken(settings, deps, signal), deps.now);
  const store: SecretStore = {
    scheme: "azure-kv",
    cacheMs: 60_000,
    check(reference) {
      onlyOptions(reference, []);
      const form = /^[a-zA-Z][a-zA-Z0-9-]{1,22}[a-zA-Z0-9]\/[a-zA-Z0-9-]{1,127}(\/[0-9a-f]{32})?$/;
      requireForm(reference, form, "azure-kv:VAULT/SECRET");
      requireAllowed(reference, settings.allow);
    },
    async resolve(reference, signal) {
      store.check(reference);
      const [name = "", ...path] = reference.path.split("/");
      const url = `${vault(name)}/secrets/${path.join("/")}?api-version=7.4`;
      const headers = { authorization: `Bearer ${await tokens.get(signal)}` };
      const json = jsonAnswer(reference, await sendRequest({ url, headers, signal }));
      const value = textAt(json, "value");
      if (value === undefined) throw unavailable(reference, "the answer holds no secret");
      const version = textAt(json, "id")?.split("/").at(-1);
      return { ...fromText(reference, value), ...(version !== undefined && { version }) };
    },
  };
  return store;
}

async function fetchToken({ auth }: AzureSettings, deps: AzureDeps, signal: AbortSignal) {
  const { imds, login } = deps.addresses ?? PUBLIC;
  if (auth.method === "managed_identity") {
    // https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
    const query = new URLSearchParams({ "api-version": "2018-02-01", resource: "https://vault.azure.net" });
    if (auth.clientId !== undefined) query.set("client_id", auth.clientId);
    const url = `${imds}/metadata/identity/oauth2/token?${query}`;
    return toToken(await sendRequest({ url, headers: { metadata: "true" }, signal }), deps.now);
  }
  // https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
  const proof =
    auth.method === "client_secret"
      ? { client_secret: await readLocalSecret(auth.clientSecret, deps.readVariable) }
      : {
          client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
          client_assertion: await readLocalSecret(auth.token, deps.readVariable),
        };
  const body = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: auth.clientId,
    scope: "https://vault.azure.net/.default",
    ...proof,
  }).toString();
  const url = `${login}/${auth.tenantId}/oauth2/v2.0/token`;
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  return toToken(await sendRequest({ method: "POST", url, headers, body, signal }), deps.now);
}

/** `expires_in` is a number or, from the metadata service, a text. */
function toToken({ status, text }: HttpAnswer, now: () => number) {
  const json = status === 200 ? jsonOf(text) : undefined;
  const value = textAt(json, "access_token");
  const seconds = Number(json?.expires_in ?? Number.NaN);
  if (value === undefined || Number.isNaN(seconds)) {
    throw new TidewaiterError("secret_unavailable", `Azure gave no access token (HTTP ${status})`);
  }
  return { value, expiresAt: now() + seconds * 1000 };
}
