import { type AttributePlace, findAttribute, type ResourceKind } from "./attributes.ts";
import type { Filter, FilterValue, Operator } from "./filter.ts";
import { invalid } from "./scim-error.ts";

/** An attribute's value or a resource as JSON. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json | undefined };
export type JsonObject = { readonly [name: string]: Json | undefined };
type Test = (resource: JsonObject) => boolean;

/** Makes a test of resources. What a filter names but is not kept here is absent everywhere. */
export function matcher(kind: ResourceKind, filter: Filter): Test {
  return compile(filter, (path) => findAttribute(kind, path));
}

/** Makes a test of the elements of a multi-valued attribute: `[type eq "work"]` names its sub-attributes. */
export function elementMatcher(attribute: AttributePlace["attribute"], filter: Filter): Test {
  return compile(filter, (path) => {
    const sub = attribute.subAttributes?.find(({ name }) => name.toLowerCase() === path.toLowerCase());
    return sub === undefined ? undefined : { attribute: sub };
  });
}

function compile(filter: Filter, find: (path: string) => AttributePlace | undefined): Test {
  switch (filter.type) {
    case "and": {
      const tests = filter.parts.map((part) => compile(part, find));
      return (resource) => tests.every((test) => test(resource));
    }
    case "or": {
      const tests = filter.parts.map((part) => compile(part, find));
      return (resource) => tests.some((test) => test(resource));
    }
    case "not": {
      const test = compile(filter.part, find);
      return (resource) => !test(resource);
    }
    case "element":
      return compileElement(filter, find);
    case "present": {
      const place = find(filter.path);
      return (resource) => valuesAt(resource, place).some((value) => value !== null && value !== "");
    }
    case "compare":
      return compileComparison(filter, find(filter.path));
  }
}

function compileElement(
  filter: Extract<Filter, { type: "element" }>,
  find: (path: string) => AttributePlace | undefined,
) {
  const place = find(filter.path);
  if (place === undefined) return () => false;
  if (place.sub !== undefined || place.attribute.multiValued === undefined) {
    throw invalid("invalidFilter", `${filter.path} has no elements`);
  }
  const test = elementMatcher(place.attribute, filter.part);
  return (resource: JsonObject) => valuesAt(resource, place).some((element) => isObject(element) && test(element));
}

function compileComparison(filter: Extract<Filter, { type: "compare" }>, place: AttributePlace | undefined): Test {
  const whole = place?.attribute.type === "complex" && place.sub === undefined;
  // `emails eq "x"` means emails.value (RFC 7644 section 3.4.2.2).
  const value = whole ? place.attribute.subAttributes?.find(({ name }) => name === "value") : undefined;
  const target = place !== undefined && value !== undefined ? { ...place, sub: value } : place;
  const { type = "string", caseExact } = target?.sub ?? target?.attribute ?? {};
  const fold = (from: Json | undefined) =>
    typeof from === "string" && caseExact === undefined && type !== "dateTime" ? from.toLowerCase() : from;
  const wanted = fold(asType(type, filter.value)) as FilterValue;
  const compare = COMPARE[filter.operator];
  if (filter.operator === "ne") return (resource) => !valuesAt(resource, target).some((got) => fold(got) === wanted);
  return (resource) => valuesAt(resource, target).some((got) => compare(fold(got), wanted));
}

/** Instants are kept in one form, so that they compare as text. */
function asType(type: string, value: FilterValue): Json {
  if (type === "boolean") return toBoolean(value) as Json;
  if (type !== "dateTime" || typeof value !== "string") return value;
  const at = Date.parse(value);
  return Number.isNaN(at) ? value : new Date(at).toISOString();
}

type Compare = (got: Json | undefined, wanted: FilterValue) => boolean;
const strings =
  (test: (got: string, wanted: string) => boolean): Compare =>
  (got, wanted) =>
    typeof got === "string" && typeof wanted === "string" && test(got, wanted);

const COMPARE: Readonly<Record<Operator, Compare>> = {
  eq: (got, wanted) => got === wanted,
  ne: (got, wanted) => got !== wanted,
  co: strings((got, wanted) => got.includes(wanted)),
  sw: strings((got, wanted) => got.startsWith(wanted)),
  ew: strings((got, wanted) => got.endsWith(wanted)),
  gt: strings((got, wanted) => got > wanted),
  ge: strings((got, wanted) => got >= wanted),
  lt: strings((got, wanted) => got < wanted),
  le: strings((got, wanted) => got <= wanted),
};

/** All values at a place: of a multi-valued attribute each, of nothing `null` alone. */
function valuesAt(resource: JsonObject, place: AttributePlace | undefined): readonly Json[] {
  if (place === undefined) return [null];
  const holder = place.schema === undefined ? resource : resource[place.schema];
  const value = isObject(holder) ? (holder[place.attribute.name] ?? null) : null;
  const all: readonly Json[] = Array.isArray(value) ? value : [value];
  const { sub } = place;
  const found = sub === undefined ? all : all.map((one) => (isObject(one) ? (one[sub.name] ?? null) : null));
  return found.length === 0 ? [null] : found;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Entra ID sends booleans as "True" and "False" unless it is told not to. */
export function toBoolean(value: unknown): unknown {
  if (typeof value !== "string") return value;
  const lower = value.toLowerCase();
  if (lower === "true") return true;
  return lower === "false" ? false : value;
}
