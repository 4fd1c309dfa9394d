import { TidewaiterError } from "@tidewaiter/core/errors";
import type { SecretReference } from "./secret-reference.ts";
import { type ResolvedSecret, SECRET_LIMIT } from "./secret-store.ts";

/** A secret that is one text: the whole of it, or a field of it where it is a JSON object. */
export function fromText(reference: SecretReference, text: string): ResolvedSecret {
  if (reference.field === undefined) return checked(reference, { value: text });
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // The parser's message would quote the secret.
    throw unavailable(reference, "it is not JSON, so it has no fields");
  }
  return fromFields(reference, parsed);
}

/** A secret that has fields: the one that is asked for, else `password`, else the only one. */
export function fromFields(reference: SecretReference, value: unknown): ResolvedSecret {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw unavailable(reference, "it has no fields");
  const fields = value as Readonly<Record<string, unknown>>;
  const names = Object.keys(fields);
  const name = reference.field ?? (names.includes("password") || names.length !== 1 ? "password" : names[0]) ?? "";
  const found = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (typeof found !== "string" && typeof found !== "number") {
    const next = reference.field === undefined ? "; say which by #FIELD" : "";
    throw unavailable(reference, `it has no field ${name.slice(0, 60)}${next}`);
  }
  const username = Object.hasOwn(fields, "username") ? fields.username : undefined;
  return checked(reference, { value: String(found), ...(typeof username === "string" && { username }) });
}

function checked(reference: SecretReference, secret: ResolvedSecret): ResolvedSecret {
  if (secret.value === "") throw unavailable(reference, "it is empty");
  if (secret.value.length > SECRET_LIMIT) throw unavailable(reference, "it is larger than 64 KiB");
  return secret;
}

/** `why` never holds a value, nor text of a store that might. */
export function unavailable(reference: SecretReference, why: string, cause?: unknown): TidewaiterError {
  const options = cause === undefined ? {} : { cause };
  return new TidewaiterError("secret_unavailable", `${reference.text}: ${why}`, options);
}
