import type { KubeLaundering, KubeOperation } from "@tidewaiter/core";
import { isArray, isMembers, type JsonTree, NotOneMeaning, readJsonTree, treeAt } from "../json/json-tree.ts";
import { readProtobufTree } from "../protobuf/read-protobuf.ts";
import { mediaType } from "../response/accept.ts";
import { bytesHoldMask } from "../response/mask-text.ts";
import type { MaskRules } from "../response/masking.ts";
import { launderedBy, readJsonPatch } from "./json-patch.ts";
import { maskedValueOf } from "./masked-value.ts";
import { readYamlTree } from "./read-body-yaml.ts";
import { type Relabelling, relabellingOf } from "./relabelling.ts";
import { showBody } from "./show-body.ts";

export interface BodyInput {
  /** The Content-Type header. */
  readonly contentType: string | undefined;
  readonly bytes: Uint8Array;
  readonly operation: KubeOperation;
  /** Whatever their masks say, no labelled value is shown to who reads the recording. */
  readonly rules: MaskRules;
}

/** What a request writes, as policy, recording and reviewer need it. */
export interface BodyFacts extends Relabelling {
  readonly name?: string;
  /** The body of a delete that has one says whether it is a dry run; the query does not count then. */
  readonly dryRun?: boolean;
  /** Readable, without values of Secrets, of labelled names, and what every detector finds; of limited length. */
  readonly shown: string;
  /** Where a value stands that is one of our masks, or holds one: it would be stored. */
  readonly maskedValue?: string;
  readonly launders?: KubeLaundering;
  /** Why it is not known what the API server will read; `shown` tells nothing of it then. */
  readonly unread?: string;
}

type Reader = (bytes: Buffer) => JsonTree;

/** As the API server chooses: by media type alone; none is JSON. */
const READERS: Readonly<Record<string, Reader>> = {
  "": readJsonTree,
  "application/json": readJsonTree,
  "application/merge-patch+json": readJsonTree,
  "application/strategic-merge-patch+json": readJsonTree,
  "application/json-patch+json": readJsonTree,
  "application/yaml": readYamlTree,
  "application/apply-patch+yaml": readYamlTree,
  "application/vnd.kubernetes.protobuf": readProtobufTree,
};
const JSON_PATCH = "application/json-patch+json";

/** Reads what is written. What the API server might read in another way than we do is `unread`. */
export function readBody({ contentType, bytes, operation, rules }: BodyInput): BodyFacts {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (body.length === 0) return { shown: "" };
  const type = mediaType(contentType ?? "");
  let tree: JsonTree | undefined;
  try {
    tree = readTree(type, body);
  } catch (error) {
    const why = error instanceof NotOneMeaning ? error.message : "it cannot be read";
    return unread(body, `what is written is not clear: ${why}`);
  }
  if (tree === undefined) return unread(body, `its content type ${JSON.stringify(type.slice(0, 60))} is not read`);
  return factsOf(tree, type, body, { operation, rules });
}

/** Undefined: nobody here reads what is of this media type. Throws where it may be read in more than one way. */
export function readTree(type: string, body: Buffer): JsonTree | undefined {
  return Object.hasOwn(READERS, type) ? READERS[type]?.(body) : undefined;
}

function factsOf(
  tree: JsonTree,
  type: string,
  body: Buffer,
  { operation, rules }: Pick<BodyInput, "operation" | "rules">,
): BodyFacts {
  const isPatch = type === JSON_PATCH;
  const patch = isPatch ? readJsonPatch(tree) : undefined;
  if (isPatch && patch === undefined) return unread(body, "what is written is not clear: it is no JSON patch");
  const misspelt = isPatch ? undefined : misspeltKey(tree);
  const launders = patch && launderedBy(patch, operation, rules);
  const why = misspelt && `what is written is not clear: ${JSON.stringify(misspelt)} is a key in other letters`;
  const name = why === undefined ? treeAt(tree, "metadata", "name") : undefined;
  const maskedValue = mayHoldMask(body, type)
    ? (maskedValueOf(tree, patch) ?? (bytesHoldMask(body) ? "a value" : undefined))
    : undefined;
  return {
    ...(why === undefined && relabellingOf(tree, { type, patch, operation })),
    ...(typeof name === "string" && name !== "" && { name }),
    ...(operation.verb.startsWith("delete") && { dryRun: isDryRun(tree) }),
    shown: showBody(tree, patch, { operation, rules }),
    ...(maskedValue !== undefined && { maskedValue }),
    ...(launders !== undefined && { launders }),
    ...(why !== undefined && { unread: why }),
  };
}

function unread(body: Buffer, why: string): BodyFacts {
  return {
    shown: `(${body.length} bytes that are not read)`,
    unread: why,
    ...(bytesHoldMask(body) && { maskedValue: "a value" }),
  };
}

const ESCAPE = Buffer.from("\\u");

/** A cheap look: in JSON no other escape can stand in a mask, in protobuf none at all. */
function mayHoldMask(body: Buffer, type: string): boolean {
  return bytesHoldMask(body) || type.endsWith("yaml") || (!type.endsWith("protobuf") && body.includes(ESCAPE));
}

function isDryRun(tree: JsonTree): boolean {
  const dryRun = treeAt(tree, "dryRun");
  return isArray(dryRun) && dryRun.includes("All");
}

/** Keys by which a body is judged. A reader that does not tell small from capital letters would take their like for them. */
const JUDGED = ["apiVersion", "kind", "metadata", "data", "stringData", "binaryData", "spec", "dryRun"];
const JUDGED_METADATA = ["name", "generateName", "namespace", "labels", "annotations"];

function misspeltKey(tree: JsonTree): string | undefined {
  return otherSpelling(tree, JUDGED) ?? otherSpelling(treeAt(tree, "metadata"), JUDGED_METADATA);
}

function otherSpelling(tree: JsonTree | undefined, names: readonly string[]): string | undefined {
  if (!isMembers(tree)) return undefined;
  const small = new Set(names.map((name) => name.toLowerCase()));
  for (const key of tree.keys()) if (!names.includes(key) && small.has(key.toLowerCase())) return key;
  return undefined;
}
