import { type Attribute, type AttributePlace, findAttribute, isExtension, type ResourceKind } from "./attributes.ts";
import { type Filter, parsePatchPath } from "./filter.ts";
import { elementMatcher, isObject, type Json, type JsonObject } from "./match.ts";
import { MEMBERS_LIMIT, readValue, type Values } from "./read-values.ts";
import { invalid } from "./scim-error.ts";

export interface PatchOperation {
  readonly op: "add" | "replace" | "remove";
  readonly path?: string;
  readonly value?: Json | undefined;
}

export const OPERATIONS_LIMIT = 1000;

/** Reads a PatchOp body as Okta and Entra ID send it: the names of fields and operations in any case. */
export function readPatch(body: JsonObject): readonly PatchOperation[] {
  const operations = field(body, "operations");
  if (!Array.isArray(operations) || operations.length === 0) {
    throw invalid("invalidSyntax", "Operations: a list of operations is expected");
  }
  if (operations.length > OPERATIONS_LIMIT) {
    throw invalid("invalidSyntax", `Operations: at most ${OPERATIONS_LIMIT}`);
  }
  return operations.map((operation: unknown) => {
    if (!isObject(operation)) throw invalid("invalidSyntax", "Operations: an object is expected");
    const op = String(field(operation, "op")).toLowerCase();
    if (op !== "add" && op !== "replace" && op !== "remove") {
      throw invalid("invalidSyntax", "op: add, replace or remove is expected");
    }
    const path = field(operation, "path") ?? undefined;
    if (path !== undefined && typeof path !== "string") throw invalid("invalidPath", "path: text is expected");
    const value = field(operation, "value") as Json | undefined;
    if (op !== "remove" && value === undefined) throw invalid("invalidValue", `${op}: a value is missing`);
    return path === undefined || path === "" ? { op, value } : { op, path, value };
  });
}

function field(object: JsonObject, name: string): unknown {
  const key = Object.keys(object).find((candidate) => candidate.toLowerCase() === name);
  return key === undefined ? undefined : object[key];
}

/** Elements that the operations of one PATCH look at, all together: some hundred on a group of 10,000 members. */
const WORK_LIMIT = 5_000_000;

/** RFC 7644 section 3.5.2. Gives new values; all operations or, by ScimError, none. */
export function applyPatch(kind: ResourceKind, before: Values, operations: readonly PatchOperation[]): Values {
  const values = structuredClone(before);
  let work = 0;
  for (const operation of operations) {
    for (const value of Object.values(values)) work += Array.isArray(value) ? value.length : 0;
    if (work > WORK_LIMIT) throw invalid("tooMany", "too many operations on so many elements; send them in parts");
    if (operation.path === undefined) applyWhole(kind, values, operation);
    else applyAt(kind, values, { ...operation, path: operation.path });
  }
  return values;
}

/** Without a path the value is an object; Entra ID puts whole paths into its keys. */
function applyWhole(kind: ResourceKind, values: Values, { op, value }: PatchOperation): void {
  if (op === "remove") throw invalid("noTarget", "remove needs a path");
  if (!isObject(value)) throw invalid("invalidValue", "without a path the value is an object");
  for (const [key, one] of Object.entries(value)) {
    if (isExtension(kind, key) && isObject(one)) {
      for (const [inner, its] of Object.entries(one)) {
        applyAt(kind, values, { op, path: `${key}:${inner}`, value: its }, true);
      }
    } else applyAt(kind, values, { op, path: key, value: one }, true);
  }
}

/** `lenient`: a whole resource may carry its id and other read-only things along (Okta does). */
function applyAt(
  kind: ResourceKind,
  values: Values,
  operation: PatchOperation & { readonly path: string },
  lenient = false,
): void {
  const { attribute: name, filter, sub: subName } = parsePatchPath(operation.path);
  const place = findAttribute(kind, subName === undefined ? name : `${name}.${subName}`);
  // Not kept here, so nothing to do; a provider stops pushing when it is refused for that.
  if (place === undefined) return;
  if (place.attribute.mutability === "readOnly") {
    if (lenient) return;
    throw invalid("mutability", `${place.attribute.name} cannot be changed`);
  }
  const holder = place.schema === undefined ? values : holderOf(values, place.schema);
  const target = { holder, place, operation };
  if (place.attribute.multiValued !== undefined) applyToMany(target, filter);
  else if (filter !== undefined) throw invalid("invalidPath", `${place.attribute.name} has no elements`);
  else applyToOne(target);
  if (place.schema !== undefined && Object.keys(holder).length === 0) delete values[place.schema];
}

function holderOf(values: Values, schema: string): Values {
  const known = values[schema];
  if (isObject(known)) return known as Values;
  const made: Values = {};
  values[schema] = made;
  return made;
}

interface Target {
  readonly holder: Values;
  readonly place: AttributePlace;
  readonly operation: PatchOperation;
}

function applyToOne({ holder, place, operation }: Target): void {
  const { attribute, sub } = place;
  const { op, value } = operation;
  const before = holder[attribute.name];
  if (sub !== undefined) {
    const one = { ...(isObject(before) ? before : {}) } as Values;
    assign(one, sub, op === "remove" ? undefined : value);
    set(holder, attribute.name, Object.keys(one).length === 0 ? undefined : one);
    return;
  }
  const read = op === "remove" ? undefined : readValue(attribute, value);
  // Sub-attributes that are not named stay.
  const merged = isObject(read) && isObject(before) ? ({ ...before, ...read } as Json) : read;
  set(holder, attribute.name, merged);
}

function applyToMany(target: Target, filter: Filter | undefined): void {
  const { holder, place, operation } = target;
  const { attribute, sub } = place;
  const before = (holder[attribute.name] ?? []) as readonly JsonObject[];
  const after =
    filter === undefined && sub === undefined ? ofAll(before, attribute, operation) : ofSome(before, target, filter);
  if (after.length > MEMBERS_LIMIT)
    throw invalid("invalidValue", `${attribute.name}: at most ${MEMBERS_LIMIT} elements`);
  set(holder, attribute.name, after.length === 0 ? undefined : (after as Json));
}

/** The attribute as a whole. */
function ofAll(
  before: readonly JsonObject[],
  attribute: Attribute,
  { op, value }: PatchOperation,
): readonly JsonObject[] {
  const given = (readValue(attribute, value) ?? []) as readonly JsonObject[];
  if (op === "replace") return given;
  if (op === "add") return union(before, given);
  // Entra ID removes members by a list of values, and means these only.
  if (value === undefined || value === null) return [];
  const gone = new Set(given.map(keyOf));
  return before.filter((element) => !gone.has(keyOf(element)));
}

/** The elements that a filter finds, or one sub-attribute of them. */
function ofSome(before: readonly JsonObject[], { place, operation }: Target, filter: Filter | undefined) {
  const { attribute, sub } = place;
  const { op, value } = operation;
  const test = filter === undefined ? () => true : elementMatcher(attribute, filter);
  if (op === "remove" && sub === undefined) return before.filter((element) => !test(element));
  const change = (element: JsonObject): JsonObject => {
    const one = { ...element } as Values;
    if (sub !== undefined) assign(one, sub, op === "remove" ? undefined : value);
    else Object.assign(one, readElement(attribute, value));
    return one;
  };
  if (before.some(test)) return before.map((element) => (test(element) ? change(element) : element));
  if (op === "remove") return before;
  // Entra ID writes emails[type eq "work"].value where there is none yet, and means a new one.
  return union(before, [change(elementFrom(attribute, filter))]);
}

/** `type eq "work"` as an element. */
function elementFrom(attribute: Attribute, filter: Filter | undefined): JsonObject {
  if (filter === undefined) return {};
  if (filter.type !== "compare" || filter.operator !== "eq") throw invalid("noTarget", "no element fits the path");
  const sub = attribute.subAttributes?.find(({ name }) => name.toLowerCase() === filter.path.toLowerCase());
  return sub === undefined ? {} : { [sub.name]: readValue(sub, filter.value) };
}

function readElement(attribute: Attribute, value: unknown): JsonObject {
  const [element] = (readValue(attribute, value) ?? []) as readonly JsonObject[];
  return element ?? {};
}

/** The new ones replace those of the same value; at most one stays primary. */
function union(before: readonly JsonObject[], given: readonly JsonObject[]): readonly JsonObject[] {
  const all = new Map(before.map((element) => [keyOf(element), element]));
  const primary = given.some((element) => element.primary === true);
  if (primary) for (const [key, element] of all) all.set(key, { ...element, primary: false });
  for (const element of given) all.set(keyOf(element), element);
  return [...all.values()];
}

/** What an element is about: its value, whatever is said beside it. */
function keyOf(element: JsonObject): string {
  return typeof element.value === "string" ? element.value : JSON.stringify(element);
}

function assign(one: Values, sub: Attribute, value: unknown): void {
  if (sub.mutability === "readOnly") return;
  set(one, sub.name, readValue(sub, value));
}

function set(values: Values, name: string, value: Json | undefined): void {
  if (value === undefined) delete values[name];
  else values[name] = value;
}
