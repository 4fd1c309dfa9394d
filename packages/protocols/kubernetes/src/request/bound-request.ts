import type { KubeOperation } from "@tidewaiter/core";
import protobuf from "protobufjs/minimal.js";
import { isArray, isMembers, type JsonMembers, type JsonTree, treeAt, writeJsonTree } from "../json/json-tree.ts";
import { MAGIC } from "../protobuf/read-protobuf.ts";
import { BYTES, oneOf, wireFields } from "../protobuf/wire.ts";
import { mediaType } from "../response/accept.ts";
import { pointerKeys } from "./json-patch.ts";
import { readTree } from "./read-body.ts";

/** Which object, and which state of it. */
export interface ObjectVersion {
  readonly uid: string;
  readonly resourceVersion: string;
}

interface Body {
  readonly body: Buffer;
  readonly contentType: string;
}

export type BoundRequest =
  | ({ readonly ok: true } & Body)
  /** It asks by itself for another version than the one that is there. */
  | { readonly ok: false; readonly asked: string }
  /** It cannot be bound. */
  | undefined;

export interface BindInput extends Body {
  readonly operation: Pick<KubeOperation, "verb" | "subresource" | "resource" | "group">;
  /** Of the URL: a delete without a body has its options there. */
  readonly query: string;
  readonly version: ObjectVersion;
}

const JSON_TYPE = "application/json";
const JSON_PATCH = "application/json-patch+json";
const PROTOBUF = "application/vnd.kubernetes.protobuf";
const RESOURCE_VERSION = ["metadata", "resourceVersion"];
/** Of `metadata` in a message of an object, and of `resourceVersion` in that (apimachinery, metav1.ObjectMeta). */
const FIELD = { metadata: 1, resourceVersion: 6, raw: 2 } as const;

/**
 * A write that succeeds only on the version of its object that was judged: by the preconditions that the API has for that.
 * The API server answers 409 where the object is another by then.
 */
export function boundRequest(input: BindInput): BoundRequest {
  const { verb, subresource, resource, group } = input.operation;
  try {
    if (verb === "delete") return bindOptions(input, []);
    if (verb === "create" && subresource === "eviction") return bindOptions(input, ["deleteOptions"]);
    const binds = subresource === "binding" || (resource === "bindings" && group === "");
    if (verb === "update" || verb === "patch" || (verb === "create" && binds)) return bindObject(input);
  } catch {
    // whoever reads it will say so
  }
  return undefined;
}

/** An object or a patch of one, which says by `metadata.resourceVersion` what it is about. */
function bindObject({ body, contentType, version: { resourceVersion } }: BindInput): BoundRequest {
  const type = mediaType(contentType);
  const tree = readTree(type, body);
  if (tree === undefined) return undefined;
  if (type === JSON_PATCH) return bindSteps(tree, resourceVersion, contentType);
  const asked = treeAt(tree, ...RESOURCE_VERSION);
  if (isVersion(asked)) return asked === resourceVersion ? { ok: true, body, contentType } : { ok: false, asked };
  if (type === PROTOBUF) return { ok: true, body: withMetadata(body, resourceVersion), contentType };
  const bound = withValue(tree, RESOURCE_VERSION, resourceVersion);
  if (bound === undefined) return undefined;
  // what is JSON is YAML as well
  return { ok: true, body: Buffer.from(writeJsonTree(bound)), contentType };
}

function bindSteps(tree: JsonTree, resourceVersion: string, contentType: string): BoundRequest {
  if (!isArray(tree)) return undefined;
  for (const step of tree) {
    const path = treeAt(step, "path");
    const asked = treeAt(step, "value");
    if (typeof path !== "string" || pointerKeys(path).join() !== RESOURCE_VERSION.join() || !isVersion(asked)) continue;
    if (treeAt(step, "op") !== "test" && asked !== resourceVersion) return { ok: false, asked };
  }
  const path = `/${RESOURCE_VERSION.join("/")}`;
  const step = new Map<string, JsonTree>(Object.entries({ op: "add", path, value: resourceVersion }));
  return { ok: true, body: Buffer.from(writeJsonTree([...tree, step])), contentType };
}

/** DeleteOptions, whose preconditions say what is deleted. */
function bindOptions({ body, contentType, query, version }: BindInput, at: readonly string[]): BoundRequest {
  const tree = body.length === 0 ? optionsOf(query) : readTree(mediaType(contentType), body);
  if (!isMembers(tree) || [...tree.keys()].some((key) => key.startsWith("("))) return undefined;
  const preconditions = [...at, "preconditions"];
  const asked = treeAt(tree, ...preconditions, "resourceVersion");
  if (typeof asked === "string" && asked !== version.resourceVersion) return { ok: false, asked };
  const own = treeAt(tree, ...preconditions, "uid");
  const withUid = isVersion(own) ? tree : withValue(tree, [...preconditions, "uid"], version.uid);
  const bound = withUid && withValue(withUid, [...preconditions, "resourceVersion"], version.resourceVersion);
  return bound && { ok: true, body: Buffer.from(writeJsonTree(bound)), contentType: JSON_TYPE };
}

/** Options in a URL, which count only where there is no body. */
function optionsOf(query: string): JsonTree | undefined {
  const parameters = new URLSearchParams(query);
  const options = new Map<string, JsonTree>([
    ["kind", "DeleteOptions"],
    ["apiVersion", "v1"],
  ]);
  const grace = parameters.get("gracePeriodSeconds");
  if (grace !== null) {
    if (!/^-?\d{1,18}$/.test(grace)) return undefined;
    options.set("gracePeriodSeconds", { written: String(BigInt(grace)) });
  }
  const policy = parameters.get("propagationPolicy");
  if (policy !== null) options.set("propagationPolicy", policy);
  const dryRun = parameters.getAll("dryRun");
  if (dryRun.length > 0) options.set("dryRun", dryRun);
  for (const name of ["orphanDependents", "ignoreStoreReadErrorWithClusterBreakingPotential"]) {
    const value = parameters.get(name);
    if (value !== null) options.set(name, { written: String(value !== "" && value !== "0" && value !== "false") });
  }
  const uid = parameters.get("uid");
  if (uid !== null) options.set("preconditions", new Map([["uid", uid]]));
  return options;
}

/** `0` is none, for a write. */
function isVersion(tree: JsonTree | undefined): tree is string {
  return typeof tree === "string" && tree !== "" && tree !== "0";
}

/** The tree with one value more; undefined where its place is in something else. */
function withValue(tree: JsonTree, [key = "", ...rest]: readonly string[], value: string): JsonMembers | undefined {
  if (!isMembers(tree)) return undefined;
  const inner = rest.length === 0 ? value : withValue(tree.get(key) ?? new Map(), rest, value);
  return inner === undefined ? undefined : new Map([...tree, [key, inner]]);
}

/**
 * Of a field of bytes that stands twice the last one counts, and messages that do are merged: so what is added stands behind
 * (protobuf encoding, Last One Wins).
 */
function withMetadata(body: Buffer, resourceVersion: string): Buffer {
  const raw = oneOf(wireFields(body.subarray(MAGIC.length)), FIELD.raw);
  const metadata = field(FIELD.resourceVersion, Buffer.from(resourceVersion));
  return Buffer.concat([body, field(FIELD.raw, Buffer.concat([raw, field(FIELD.metadata, metadata)]))]);
}

function field(number: number, bytes: Buffer): Buffer {
  const writer = protobuf.Writer.create().uint32((number << 3) | BYTES);
  return Buffer.from(writer.bytes(bytes).finish());
}
