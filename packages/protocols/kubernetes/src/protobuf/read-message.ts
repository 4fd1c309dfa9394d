import { isUtf8 } from "node:buffer";
import { type JsonTree, NotOneMeaning, readJsonTree } from "../json/json-tree.ts";
import { fieldsOfMessage, type MessageField } from "./messages.ts";
import { BYTES, oneOf, type WireField, wireFields } from "./wire.ts";

const MAX_DEPTH = 60;
const MACHINERY = "apimachinery.pkg.";

/** Messages that JSON writes as one value. */
const VALUES: Readonly<Record<string, (bytes: Buffer) => JsonTree>> = {
  [`${MACHINERY}api.resource.Quantity`]: (bytes) => textOf(oneOf(wireFields(bytes), 1)),
  [`${MACHINERY}util.intstr.IntOrString`]: intOrString,
  [`${MACHINERY}apis.meta.v1.Time`]: time,
  [`${MACHINERY}apis.meta.v1.MicroTime`]: time,
  [`${MACHINERY}runtime.RawExtension`]: embedded,
  [`${MACHINERY}apis.meta.v1.FieldsV1`]: embedded,
};

/**
 * A message as the JSON of its object; fields without a value are left out, those that are not known told by their size. Throws
 * where a field stands twice, which readers take differently.
 */
export function readMessage(name: string, bytes: Buffer, depth = 0): Map<string, JsonTree> {
  if (depth > MAX_DEPTH) throw new NotOneMeaning("it is nested too deep");
  const known = fieldsOfMessage(name);
  const tree = new Map<string, JsonTree>();
  for (const field of wireFields(bytes)) {
    const how = known?.get(field.number);
    if (how === undefined) tree.set(`(field ${field.number})`, `${field.bytes.length} bytes`);
    else put(tree, how, field, depth);
  }
  return tree;
}

function put(tree: Map<string, JsonTree>, how: MessageField, field: WireField, depth: number): void {
  const { name, shape, type } = how;
  if (shape === "map") return putEntry(tree, how, field, depth);
  const value = readValue(type, field, depth);
  if (shape === "list") {
    const items = tree.get(name) as JsonTree[] | undefined;
    if (items === undefined) tree.set(name, [value ?? ""]);
    else items.push(value ?? "");
    return;
  }
  if (tree.has(name)) throw new NotOneMeaning("a field stands twice in one message");
  if (value !== undefined) tree.set(name, value);
}

function putEntry(tree: Map<string, JsonTree>, { name, type }: MessageField, field: WireField, depth: number): void {
  const entry = wireFields(bytesOf(field));
  const key = textOf(oneOf(entry, 1));
  const members = (tree.get(name) as Map<string, JsonTree> | undefined) ?? new Map<string, JsonTree>();
  if (members.has(key)) throw new NotOneMeaning("a key stands twice in one object");
  const [value, ...more] = entry.filter(({ number }) => number === 2);
  if (more.length > 0) throw new NotOneMeaning("a field stands twice in one message");
  members.set(key, (value && readValue(type, value, depth)) ?? "");
  tree.set(name, members);
}

/** Undefined: it says nothing. */
function readValue(type: string, field: WireField, depth: number): JsonTree | undefined {
  switch (type) {
    case "bool":
      return { written: String(varintOf(field) !== 0n) };
    case "int":
      return { written: String(varintOf(field)) };
    case "double":
      return doubleOf(field);
    case "string":
      return textOf(bytesOf(field)) || undefined;
    case "bytes":
      return bytesOf(field).toString("base64");
  }
  const bytes = bytesOf(field);
  if (bytes.length === 0) return undefined;
  const special = Object.hasOwn(VALUES, type) ? VALUES[type] : undefined;
  if (special !== undefined) return special(bytes);
  const tree = readMessage(type, bytes, depth + 1);
  return tree.size === 0 ? undefined : tree;
}

function bytesOf({ wireType, bytes }: WireField): Buffer {
  if (wireType !== BYTES) throw new NotOneMeaning("its protobuf cannot be read");
  return bytes;
}

function varintOf({ wireType, value }: WireField): bigint {
  if (wireType !== 0) throw new NotOneMeaning("its protobuf cannot be read");
  return value;
}

function doubleOf({ wireType, bytes }: WireField): JsonTree {
  if (wireType !== 1) throw new NotOneMeaning("its protobuf cannot be read");
  const value = bytes.readDoubleLE();
  return Number.isFinite(value) ? { written: JSON.stringify(value) } : String(value);
}

export function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new NotOneMeaning("a text is not in UTF-8");
  return bytes.toString("utf8");
}

/** 1 type (0 a number, 1 a text), 2 intVal, 3 strVal */
function intOrString(bytes: Buffer): JsonTree {
  const fields = wireFields(bytes);
  const int = (number: number): bigint => fields.find((field) => field.number === number)?.value ?? 0n;
  return int(1) === 1n ? textOf(oneOf(fields, 3)) : { written: String(int(2)) };
}

/** 1 seconds, 2 nanos */
function time(bytes: Buffer): JsonTree {
  const seconds = wireFields(bytes).find(({ number }) => number === 1)?.value ?? 0n;
  const date = new Date(Number(seconds) * 1_000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString();
}

/** 1 raw: JSON, or something that is not read. */
function embedded(bytes: Buffer): JsonTree {
  const raw = oneOf(wireFields(bytes), 1);
  try {
    return readJsonTree(raw);
  } catch {
    return raw.toString("base64");
  }
}
