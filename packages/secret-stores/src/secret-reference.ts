import { TidewaiterError } from "@tidewaiter/core/errors";

/**
 * Where a secret is kept: `SCHEME:PATH`, then `?key=value` (options of the store), then `#FIELD` (one field of a secret
 * that has several). It is no secret itself: it is shown, logged and audited.
 */
export interface SecretReference {
  readonly scheme: string;
  readonly path: string;
  readonly options: Readonly<Record<string, string>>;
  readonly field: string | undefined;
  /** As it was written. */
  readonly text: string;
}

const LIMIT = 1024;
const FORM = /^([a-z][a-z0-9-]{1,19}):([^?#]+)(?:\?([^#]*))?(?:#(.+))?$/;

/** @throws TidewaiterError `bad_request` */
export function parseSecretReference(text: string): SecretReference {
  const match = text.length <= LIMIT && !hasControl(text) ? FORM.exec(text) : null;
  const [, scheme, path, query = "", field] = match ?? [];
  if (scheme === undefined || path === undefined) {
    // What was written may be a secret that somebody put in the wrong place: it is not repeated.
    throw new TidewaiterError("bad_request", "a reference to a secret is SCHEME:PATH, such as env:NAME or file:/path");
  }
  const options = Object.fromEntries(new URLSearchParams(query));
  return { scheme, path, options, field, text };
}

function hasControl(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true;
  }
  return false;
}

/** A store knows these options of its references and no others. @throws TidewaiterError `bad_request` */
export function onlyOptions(reference: SecretReference, known: readonly string[]): void {
  const unknown = Object.keys(reference.options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new TidewaiterError("bad_request", `a reference ${reference.scheme}: has no option ${unknown.slice(0, 40)}`);
}
