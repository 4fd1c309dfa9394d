import { type JsonTree, NotOneMeaning } from "../json/json-tree.ts";
import { messageOfKind } from "./messages.ts";
import { readMessage, textOf } from "./read-message.ts";
import { oneOf, wireFields } from "./wire.ts";

/** Before runtime.Unknown (k8s.io/apimachinery, pkg/runtime/serializer/protobuf). */
export const MAGIC = Buffer.from("k8s\0");
const OBJECT_META = "apimachinery.pkg.apis.meta.v1.ObjectMeta";

/**
 * An object in the API server's protobuf, as the JSON of it. Of a kind that is not known only the metadata is read, which nearly
 * all objects have in field 1. Throws NotOneMeaning on what may be read in another way.
 */
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
  const fields = wireFields(bytes);
  const type = wireFields(oneOf(fields, 1));
  const raw = oneOf(fields, 2);
  if (oneOf(fields, 3).length > 0 || oneOf(fields, 4).length > 0)
    throw new NotOneMeaning("it is protobuf of something else");
  const apiVersion = textOf(oneOf(type, 1));
  const kind = textOf(oneOf(type, 2));
  const head = [
    ["apiVersion", apiVersion],
    ["kind", kind],
  ] as const;
  const message = messageOfKind(apiVersion, kind);
  if (message !== undefined) return new Map([...head, ...readMessage(message, raw)]);
  const metadata = readMessage(OBJECT_META, oneOf(wireFields(raw), 1));
  return new Map<string, JsonTree>([...head, ["metadata", metadata], ["(protobuf)", `${raw.length} bytes`]]);
}
