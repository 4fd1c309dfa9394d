import { TidewaiterError } from "@tidewaiter/core/errors";
import { requireAllowed, requireForm } from "../../allow-list.ts";
import { fromFields, unavailable } from "../../read-fields.ts";
import { onlyOptions, type SecretReference } from "../../secret-reference.ts";
import type { ResolvedSecret, SecretLease, SecretStore } from "../../secret-store.ts";
import { jsonAnswer, wordsFor } from "../../store-answer.ts";
import type { VaultClient } from "./vault-client.ts";

/** What is Vault's own: nothing there is a secret of a target. */
const NOT_SECRETS = new Set(["sys", "auth", "identity", "cubbyhole"]);

/**
 * `vault:PATH#FIELD`: PATH is that of Vault's API, as in `vault read PATH`. `secret/data/shop` of a KV version 2 engine
 * (`?version=3` for an older one), `database/creds/ROLE` and `database/static-creds/ROLE` of the database engine, and
 * whatever else answers a read with fields. What comes with a lease is renewed while it is used and revoked afterwards.
 */
export function createVaultStore(
  client: Pick<VaultClient, "call">,
  { allow, now }: { readonly allow?: readonly string[] | undefined; readonly now: () => number },
): SecretStore {
  const store: SecretStore = {
    scheme: "vault",
    cacheMs: 60_000,
    check(reference) {
      onlyOptions(reference, ["version"]);
      requireForm(reference, /^[\w.@+-]+(\/[\w.@ +-]+)+$/, "a path such as vault:secret/data/shop#password");
      const segments = reference.path.split("/");
      if (NOT_SECRETS.has(segments[0] ?? "") || segments.some((segment) => /^\.+$/.test(segment))) {
        throw new TidewaiterError("bad_request", `${reference.text}: nothing there is the secret of a target`);
      }
      if (!/^\d{0,9}$/.test(reference.options.version ?? "")) {
        throw new TidewaiterError("bad_request", `${reference.text}: version is a number`);
      }
      requireAllowed(reference, allow);
    },
    async resolve(reference, signal) {
      store.check(reference);
      const { version } = reference.options;
      const query = version === undefined ? "" : `?version=${version}`;
      const answer = await client.call("GET", encodePath(reference.path), { query, signal });
      return readAnswer(reference, jsonAnswer(reference, answer), { client, now });
    },
  };
  return store;
}

function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

interface Reading {
  readonly client: Pick<VaultClient, "call">;
  readonly now: () => number;
}

function readAnswer(
  reference: SecretReference,
  json: Readonly<Record<string, unknown>>,
  reading: Reading,
): ResolvedSecret {
  const { data, lease_id: leaseId, lease_duration: seconds, renewable } = json;
  const kv2 = keyValue2(data);
  if (kv2 !== undefined) {
    const { version } = kv2.metadata;
    return { ...fromFields(reference, kv2.data), ...(typeof version === "number" && { version: String(version) }) };
  }
  const secret = fromFields(reference, data);
  if (typeof leaseId === "string" && leaseId !== "" && typeof seconds === "number") {
    const lease = createLease(reference, leaseId, { ...reading, seconds, renewable: renewable === true });
    return { ...secret, expiresAt: reading.now() + seconds * 1000, lease };
  }
  // Of database/static-creds: how long until Vault rotates the password.
  const { ttl } = data as Record<string, unknown>;
  return typeof ttl === "number" && ttl > 0 ? { ...secret, expiresAt: reading.now() + ttl * 1000 } : secret;
}

/** https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2#read-secret-version */
function keyValue2(value: unknown) {
  if (typeof value !== "object" || value === null || !("data" in value) || !("metadata" in value)) return undefined;
  const { data, metadata } = value;
  if (typeof metadata !== "object" || metadata === null) return undefined;
  return { data, metadata: metadata as Record<string, unknown> };
}

/** https://developer.hashicorp.com/vault/api-docs/system/leases */
function createLease(
  reference: SecretReference,
  id: string,
  { client, now, seconds, renewable }: Reading & { readonly seconds: number; readonly renewable: boolean },
): SecretLease {
  return {
    id,
    renewable,
    async renew(signal) {
      const body = { lease_id: id, increment: seconds };
      const json = jsonAnswer(reference, await client.call("PUT", "sys/leases/renew", { body, signal }));
      const granted = json.lease_duration;
      if (typeof granted !== "number" || granted <= 0) throw unavailable(reference, "the lease was not renewed");
      return now() + granted * 1000;
    },
    async revoke(signal) {
      const { status } = await client.call("PUT", "sys/leases/revoke", { body: { lease_id: id }, signal });
      if (status !== 200 && status !== 204) throw unavailable(reference, wordsFor(status));
    },
  };
}
