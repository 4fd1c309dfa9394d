import { TidewaiterError } from "@tidewaiter/core/errors";
import { importPKCS8, SignJWT } from "jose";
import { z } from "zod";
import { requireAllowed, requireForm } from "../allow-list.ts";
import { Expiring } from "../expiring.ts";
import { jsonOf, sendRequest, textAt } from "../http-request.ts";
import { readText } from "../local-secret.ts";
import { fromText, unavailable } from "../read-fields.ts";
import { onlyOptions } from "../secret-reference.ts";
import type { SecretStore } from "../secret-store.ts";
import { allowedPaths, safeUrl } from "../setting-shapes.ts";
import { jsonAnswer } from "../store-answer.ts";

export const gcpSettings = z.strictObject({
  /** JSON key of a service account; without it the metadata server of the machine or the cluster is asked. */
  keyFile: z.string().startsWith("/").optional(),
  endpoint: safeUrl.default("https://secretmanager.googleapis.com"),
  allow: allowedPaths,
});

export type GcpSettings = z.output<typeof gcpSettings>;

const NAME = /^projects\/[a-z0-9][a-z0-9:.-]{0,62}\/secrets\/[A-Za-z0-9_-]{1,255}(\/versions\/[A-Za-z0-9_-]{1,63})?$/;
const SCOPE = "https://www.googleapis.com/auth/cloud-platform";
const METADATA = "http://metadata.google.internal";

/**
 * `gcp-sm:projects/P/secrets/S[/versions/V]#FIELD`: Google Cloud Secret Manager
 * (https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access).
 */
export function createGcpSecretManagerStore(
  settings: GcpSettings,
  { now, metadata = METADATA }: { readonly now: () => number; readonly metadata?: string },
): SecretStore {
  const tokens = new Expiring(
    (signal) =>
      settings.keyFile === undefined ? fromMetadata(metadata, now, signal) : fromKeyFile(settings.keyFile, now, signal),
    now,
  );
  const store: SecretStore = {
    scheme: "gcp-sm",
    cacheMs: 60_000,
    check(reference) {
      onlyOptions(reference, []);
      requireForm(reference, NAME, "gcp-sm:projects/PROJECT/secrets/NAME");
      requireAllowed(reference, settings.allow);
    },
    async resolve(reference, signal) {
      store.check(reference);
      const name = reference.path.includes("/versions/") ? reference.path : `${reference.path}/versions/latest`;
      const url = `${settings.endpoint.replace(/\/+$/, "")}/v1/${name}:access`;
      const headers = { authorization: `Bearer ${await tokens.get(signal)}` };
      const json = jsonAnswer(reference, await sendRequest({ url, headers, signal }));
      const data = textAt(json, "payload", "data");
      if (data === undefined) throw unavailable(reference, "the answer holds no secret");
      const version = textAt(json, "name")?.split("/").at(-1);
      const text = Buffer.from(data, "base64").toString();
      return { ...fromText(reference, text), ...(version !== undefined && { version }) };
    },
  };
  return store;
}

/** https://cloud.google.com/compute/docs/access/authenticate-workloads#applications */
async function fromMetadata(metadata: string, now: () => number, signal: AbortSignal) {
  const url = `${metadata}/computeMetadata/v1/instance/service-accounts/default/token`;
  return toToken(await sendRequest({ url, headers: { "metadata-flavor": "Google" }, signal }), now);
}

/** https://developers.google.com/identity/protocols/oauth2/service-account#httprest, RFC 7523 */
async function fromKeyFile(file: string, now: () => number, signal: AbortSignal) {
  const key = jsonOf(await readText(file));
  const [email, pem, tokenUri] = ["client_email", "private_key", "token_uri"].map((name) => textAt(key, name));
  if (email === undefined || pem === undefined || !safeUrl.safeParse(tokenUri).success || tokenUri === undefined) {
    throw new TidewaiterError("secret_unavailable", `${file} is no key of a Google service account`);
  }
  const issued = Math.floor(now() / 1000);
  const assertion = await new SignJWT({ scope: SCOPE })
    .setProtectedHeader({ alg: "RS256", typ: "JWT" })
    .setIssuer(email)
    .setAudience(tokenUri)
    .setIssuedAt(issued)
    .setExpirationTime(issued + 3600)
    .sign(await importPKCS8(pem, "RS256"));
  const body = new URLSearchParams({ grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion }).toString();
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  return toToken(await sendRequest({ method: "POST", url: tokenUri, headers, body, signal }), now);
}

function toToken({ status, text }: { readonly status: number; readonly text: string }, now: () => number) {
  const json = status === 200 ? jsonOf(text) : undefined;
  const value = textAt(json, "access_token");
  const seconds = Number(json?.expires_in ?? Number.NaN);
  if (value === undefined || Number.isNaN(seconds)) {
    throw new TidewaiterError("secret_unavailable", `Google gave no access token (HTTP ${status})`);
  }
  return { value, expiresAt: now() + seconds * 1000 };
}
