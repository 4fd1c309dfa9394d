import { eachMember, type Json, OPEN_OBJECT, QUOTE, textOf, valueEnd } from "../json/json-scan.ts";
import { KEYS, keyOf, readKey } from "./known-keys.ts";

/** What a rule may choose objects by. */
export interface Identity {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Identity of the object that begins at `at`; undefined where there is no object or it has no metadata. */
export function identityOf(json: Json, at: number): Identity | undefined {
  const { bytes, end } = json;
  if (bytes[at] !== OPEN_OBJECT) return undefined;
  let identity: Identity | undefined;
  eachMember(json, at, (from, to, value) => {
    if (bytes[value] !== OPEN_OBJECT || keyOf(bytes, from, to) !== KEYS.metadata) return valueEnd(bytes, value, end);
    const metadata = { namespace: "", name: "", labels: {} as Record<string, string> };
    const next = eachMember(json, value, (keyFrom, keyTo, inner) => {
      const key = keyOf(bytes, keyFrom, keyTo);
      if (key === KEYS.labels && bytes[inner] === OPEN_OBJECT) return readLabels(json, inner, metadata.labels);
      const after = valueEnd(bytes, inner, end);
      if (bytes[inner] === QUOTE && key === KEYS.name) metadata.name = textOf(bytes, inner, after);
      if (bytes[inner] === QUOTE && key === KEYS.namespace) metadata.namespace = textOf(bytes, inner, after);
      return after;
    });
    identity = metadata;
    return next;
  });
  return identity;
}

/** Identity of what a row of a Table is about. */
export function identityOfRow(json: Json, at: number): Identity | undefined {
  const object = memberOf(json, at, KEYS.object);
  return object === undefined ? undefined : identityOf(json, object);
}

/** The place of the value under `key`; the last one counts, as for every client. */
export function memberOf(json: Json, at: number, key: number): number | undefined {
  const { bytes, end } = json;
  if (bytes[at] !== OPEN_OBJECT) return undefined;
  let found: number | undefined;
  eachMember(json, at, (from, to, value) => {
    if (keyOf(bytes, from, to) === key) found = value;
    return valueEnd(bytes, value, end);
  });
  return found;
}

function readLabels(json: Json, at: number, into: Record<string, string>): number {
  const { bytes, end } = json;
  return eachMember(json, at, (from, to, value) => {
    const after = valueEnd(bytes, value, end);
    if (bytes[value] === QUOTE)
      Object.defineProperty(into, readKey(bytes, from, to), member(textOf(bytes, value, after)));
    return after;
  });
}

/** A label may be called `__proto__`. */
function member(value: string): PropertyDescriptor {
  return { value, enumerable: true, writable: true, configurable: true };
}

/** `metadata.namespace` of the object that begins at `at`, and the place behind it. */
export function namespaceOf(json: Json, at: number): { readonly namespace: string | undefined; readonly next: number } {
  const { bytes, end } = json;
  let namespace: string | undefined;
  const next = eachMember(json, at, (from, to, value) => {
    if (bytes[value] !== OPEN_OBJECT || keyOf(bytes, from, to) !== KEYS.metadata) return valueEnd(bytes, value, end);
    return eachMember(json, value, (innerFrom, innerTo, inner) => {
      const after = valueEnd(bytes, inner, end);
      if (bytes[inner] === QUOTE && keyOf(bytes, innerFrom, innerTo) === KEYS.namespace)
        namespace = textOf(bytes, inner, after);
      return after;
    });
  });
  return { namespace, next };
}
