import { TidewaiterError } from "@tidewaiter/core/errors";
import { type HttpAnswer, jsonOf, textAt } from "../http-request.ts";
import { wordsFor } from "../store-answer.ts";
import type { VaultClient } from "../stores/vault/vault-client.ts";
import { KEY_DEADLINE_MS, type WrappingKey } from "./wrapping-key.ts";

/**
 * `vault-transit:MOUNT/KEY` (https://developer.hashicorp.com/vault/api-docs/secret/transit). The key is an AES-GCM one
 * (the default), so that the context is bound as associated data.
 */
export function createVaultTransitKey(client: Pick<VaultClient, "call">, mount: string, key: string): WrappingKey {
  const id = `vault-transit:${mount}/${key}`;
  const call = async (operation: "encrypt" | "decrypt", body: object, field: string): Promise<string> => {
    const signal = AbortSignal.timeout(KEY_DEADLINE_MS);
    const path = `${mount}/${operation}/${encodeURIComponent(key)}`;
    const answer = await client.call("POST", path, { body, signal }).catch((cause: unknown) => {
      if (cause instanceof TidewaiterError) throw cause;
      throw new TidewaiterError("secret_unavailable", `${id} cannot be reached`, { cause });
    });
    return fieldOf(id, answer, field);
  };
  return {
    id,
    wrap: (plaintext, context) =>
      call("encrypt", { plaintext: Buffer.from(plaintext).toString("base64"), ...bound(context) }, "ciphertext"),
    unwrap: async (wrapped, context) =>
      Buffer.from(await call("decrypt", { ciphertext: wrapped, ...bound(context) }, "plaintext"), "base64"),
  };
}

function bound(context: string) {
  return { associated_data: Buffer.from(context).toString("base64") };
}

function fieldOf(id: string, { status, text }: HttpAnswer, field: string): string {
  const value = status === 200 ? textAt(jsonOf(text), "data", field) : undefined;
  if (value === undefined) throw new TidewaiterError("secret_unavailable", `${id}: ${wordsFor(status)}`);
  return value;
}
