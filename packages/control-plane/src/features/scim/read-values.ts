import { type Attribute, byName, findAttribute, isExtension, type ResourceKind } from "./attributes.ts";
import { isObject, type Json, type JsonObject, toBoolean } from "./match.ts";
import { invalid } from "./scim-error.ts";

/** What of a resource a provider may write, under canonical names, values of the right types. */
export type Values = Record<string, Json>;

const TEXT_LIMIT = 500;
/** Of an attribute such as `emails`. */
const ELEMENTS_LIMIT = 50;
export const MEMBERS_LIMIT = 10_000;

/**
 * Reads the body of a POST or PUT. What is read-only or unknown is passed over, as RFC 7644 section 3.3 asks; an
 * attribute whose value has the wrong type is refused.
 */
export function readResource(kind: ResourceKind, body: JsonObject): Values {
  const values: Values = {};
  for (const [key, value] of Object.entries(body)) {
    if (isExtension(kind, key)) readExtension(kind, value, values);
    else {
      const place = findAttribute(kind, key);
      if (place !== undefined && place.sub === undefined) put(values, place.attribute, value);
    }
  }
  return values;
}

function readExtension(kind: ResourceKind, value: Json | undefined, values: Values): void {
  const { extension } = kind;
  if (extension === undefined || value === null || value === undefined) return;
  if (!isObject(value)) throw invalid("invalidValue", `${extension.schema}: an object is expected`);
  const inner: Values = {};
  for (const [key, one] of Object.entries(value)) {
    const attribute = byName(extension.attributes, key);
    if (attribute !== undefined) put(inner, attribute, one);
  }
  if (Object.keys(inner).length > 0) values[extension.schema] = inner;
}

function put(values: Values, attribute: Attribute, value: Json | undefined): void {
  if (attribute.mutability === "readOnly") return;
  const read = readValue(attribute, value);
  if (read !== undefined) values[attribute.name] = read;
}

/** Undefined = not assigned: null and the empty list mean that (RFC 7643 section 2.5). */
export function readValue(attribute: Attribute, value: unknown): Json | undefined {
  if (value === null || value === undefined) return undefined;
  if (attribute.multiValued === undefined) return readOne(attribute, value);
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const limit = attribute.name === "members" ? MEMBERS_LIMIT : ELEMENTS_LIMIT;
  if (list.length > limit) throw invalid("invalidValue", `${attribute.name}: at most ${limit} elements`);
  const elements = list.flatMap((one) => readOne(attribute, one) ?? []);
  return elements.length === 0 ? undefined : elements;
}

function readOne(attribute: Attribute, value: unknown): Json | undefined {
  const { name, type } = attribute;
  if (value === null || value === undefined) return undefined;
  if (type === "boolean") {
    const read = toBoolean(value);
    if (typeof read !== "boolean") throw invalid("invalidValue", `${name}: true or false is expected`);
    return read;
  }
  if (type === "complex") return readComplex(attribute, value);
  if (typeof value !== "string") throw invalid("invalidValue", `${name}: text is expected`);
  if (value.length > TEXT_LIMIT) throw invalid("invalidValue", `${name}: at most ${TEXT_LIMIT} characters`);
  return value;
}

function readComplex(attribute: Attribute, value: unknown): Json | undefined {
  const subs = attribute.subAttributes ?? [];
  // Entra ID gives a manager, and some give members and emails, as bare text.
  const whole = typeof value === "string" && byName(subs, "value") !== undefined ? { value } : value;
  if (!isObject(whole)) throw invalid("invalidValue", `${attribute.name}: an object is expected`);
  const read: Values = {};
  for (const [key, one] of Object.entries(whole)) {
    const sub = byName(subs, key);
    const got = sub === undefined ? undefined : readOne(sub, one);
    if (sub !== undefined && got !== undefined) read[sub.name] = got;
  }
  return Object.keys(read).length === 0 ? undefined : read;
}
