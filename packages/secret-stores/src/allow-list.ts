import { TidewaiterError } from "@tidewaiter/core/errors";
import type { SecretReference } from "./secret-reference.ts";

/** Paths that references may name: exact, or everything that begins so when it ends in `*`. None given = all. */
export type AllowedPaths = readonly string[] | undefined;

/** @throws TidewaiterError `bad_request` */
export function requireAllowed(reference: SecretReference, allowed: AllowedPaths): void {
  if (allowed === undefined) return;
  const { path, text } = reference;
  const fits = allowed.some((one) => (one.endsWith("*") ? path.startsWith(one.slice(0, -1)) : path === one));
  if (!fits) throw new TidewaiterError("bad_request", `${text}: the server's settings do not allow this path`);
}

/** @throws TidewaiterError `bad_request` */
export function requireForm(reference: SecretReference, form: RegExp, expected: string): RegExpExecArray {
  const match = form.exec(reference.path);
  if (match === null) throw new TidewaiterError("bad_request", `${reference.text}: expected ${expected}`);
  return match;
}
