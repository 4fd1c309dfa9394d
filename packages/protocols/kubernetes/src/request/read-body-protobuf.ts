import { isUtf8 } from "node:buffer";
import protobuf from "protobufjs/minimal.js";
import { type JsonTree, NotOneMeaning } from "../json/json-tree.ts";

/** runtime.Unknown in its envelope (k8s.io/apimachinery, pkg/runtime/serializer/protobuf). */
const MAGIC = Buffer.from("k8s\0");
const BYTES = 2;

/** Messages without ObjectMeta in field 1: options of a request. */
const WITHOUT_METADATA = /(?:Options|Status|List)$/;

interface Field {
  readonly number: number;
  readonly wireType: number;
  /** Of length-delimited fields. */
  readonly bytes: Buffer;
  readonly value: number;
}

/** What is read of a protobuf body: an object with its metadata and, of Secrets and ConfigMaps, its values. */
export function readProtobufTree(body: Buffer): JsonTree {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) throw new NotOneMeaning("it is not the protobuf of Kubernetes");
  try {
    return readUnknown(body.subarray(MAGIC.length));
  } catch (error) {
    if (error instanceof NotOneMeaning) throw error;
    throw new NotOneMeaning("its protobuf cannot be read");
  }
}

/** runtime.Unknown: 1 typeMeta, 2 raw, 3 contentEncoding, 4 contentType */
function readUnknown(bytes: Buffer): JsonTree {
  const fields = fieldsOf(bytes);
  const type = fieldsOf(one(fields, 1));
  const raw = one(fields, 2);
  if (one(fields, 3).length > 0 || one(fields, 4).length > 0)
    throw new NotOneMeaning("it is protobuf of something else");
  const kind = textOf(one(type, 2));
  const tree = new Map<string, JsonTree>([
    ["apiVersion", textOf(one(type, 1))],
    ["kind", kind],
  ]);
  const object = fieldsOf(raw);
  if (kind === "DeleteOptions") return deleteOptions(tree, object);
  if (!WITHOUT_METADATA.test(kind)) tree.set("metadata", metadataOf(fieldsOf(one(object, 1))));
  if (kind === "Secret") {
    tree.set("data", mapOf(object, 2, base64Of));
    tree.set("stringData", mapOf(object, 4, textOf));
    tree.set("type", textOf(one(object, 3)));
  } else if (kind === "ConfigMap") {
    tree.set("data", mapOf(object, 2, textOf));
    tree.set("binaryData", mapOf(object, 3, base64Of));
  } else tree.set("(protobuf)", `${raw.length} bytes`);
  return tree;
}

/** meta.v1.DeleteOptions: 1 gracePeriodSeconds, 2 preconditions, 3 orphanDependents, 4 propagationPolicy, 5 dryRun */
function deleteOptions(tree: Map<string, JsonTree>, fields: readonly Field[]): JsonTree {
  const grace = fields.find(({ number }) => number === 1);
  if (grace !== undefined) tree.set("gracePeriodSeconds", { written: String(grace.value) });
  const policy = textOf(one(fields, 4));
  if (policy !== "") tree.set("propagationPolicy", policy);
  tree.set(
    "dryRun",
    fields.filter(({ number }) => number === 5).map(({ bytes }) => textOf(bytes)),
  );
  return tree;
}

/** meta.v1.ObjectMeta: 1 name, 2 generateName, 3 namespace, 11 labels, 12 annotations */
function metadataOf(fields: readonly Field[]): JsonTree {
  const texts = [
    ["name", 1],
    ["generateName", 2],
    ["namespace", 3],
  ] as const;
  const tree = new Map<string, JsonTree>();
  for (const [name, number] of texts) {
    const text = textOf(one(fields, number));
    if (text !== "") tree.set(name, text);
  }
  for (const [name, number] of [
    ["labels", 11],
    ["annotations", 12],
  ] as const) {
    const map = mapOf(fields, number, textOf);
    if (map.size > 0) tree.set(name, map);
  }
  return tree;
}

function fieldsOf(bytes: Buffer): readonly Field[] {
  const reader = protobuf.Reader.create(bytes);
  const fields: Field[] = [];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const number = tag >>> 3;
    const wireType = tag & 7;
    if (number === 0 || wireType > BYTES) throw new NotOneMeaning("its protobuf cannot be read");
    if (wireType === BYTES) fields.push({ number, wireType, bytes: Buffer.from(reader.bytes()), value: 0 });
    else if (wireType === 0) fields.push({ number, wireType, bytes: NONE, value: reader.uint32() });
    else {
      reader.skip(8);
      fields.push({ number, wireType, bytes: NONE, value: 0 });
    }
  }
  return fields;
}

const NONE = Buffer.alloc(0);

/** A field that stands at most once; empty where it does not. */
function one(fields: readonly Field[], number: number): Buffer {
  const found = fields.filter((field) => field.number === number);
  if (found.length > 1) throw new NotOneMeaning("a field stands twice in one message");
  if (found[0] !== undefined && found[0].wireType !== BYTES) throw new NotOneMeaning("its protobuf cannot be read");
  return found[0]?.bytes ?? NONE;
}

function mapOf(fields: readonly Field[], number: number, read: (bytes: Buffer) => string): Map<string, JsonTree> {
  const map = new Map<string, JsonTree>();
  for (const field of fields) {
    if (field.number !== number) continue;
    const entry = fieldsOf(field.bytes);
    const key = textOf(one(entry, 1));
    if (map.has(key)) throw new NotOneMeaning("a key stands twice in one object");
    map.set(key, read(one(entry, 2)));
  }
  return map;
}

function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new NotOneMeaning("a text is not in UTF-8");
  return bytes.toString("utf8");
}

function base64Of(bytes: Buffer): string {
  return bytes.toString("base64");
}
