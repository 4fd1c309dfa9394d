import type { KubeOperation } from "@tidewaiter/core";
import { type JsonTree, readJsonTree, writeJsonTree } from "../json/json-tree.ts";
import { isCustomGroup } from "../response/custom-group.ts";
import { CONSTANT_TEXT } from "../response/mask-text.ts";
import { Masking, type MaskRules } from "../response/masking.ts";
import { PLACE, type Place } from "../response/places.ts";
import { ValueMask } from "../response/value-mask.ts";
import { type PatchStep, pointerKeys } from "./json-patch.ts";
import { pruned } from "./pruned.ts";

/** Longer bodies are cut, in UTF-16 code units. */
const MAX_SHOWN = 16 * 1024;

interface Subject {
  readonly operation: KubeOperation;
  readonly rules: MaskRules;
}

/** A body for people: as JSON, without any value that somebody may not see. */
export function showBody(
  tree: JsonTree,
  patch: readonly PatchStep[] | undefined,
  { operation, rules }: Subject,
): string {
  const { namespace, resource: table, group } = operation;
  // whoever reads the recording may see less than who wrote it
  const masking = new Masking({ ...rules, masks: {} });
  const root = rootOf(operation);
  const mask = new ValueMask(masking, { table, namespace, custom: isCustomGroup(group), root, filtered: false });
  if (patch !== undefined) return cut(showPatch(patch, mask, root));
  const masked = mask.apply(Buffer.from(writeJsonTree(tree)), root);
  // what is cut anyhow need not be made readable
  return cut(
    masked.length > MAX_SHOWN * 4 ? masked.toString("utf8", 0, MAX_SHOWN * 4) : writeJsonTree(readJsonTree(masked), 2),
  );
}

function rootOf({ group, resource }: KubeOperation): Place {
  if (group === "authentication.k8s.io" && resource === "tokenreviews") return PLACE.tokenRequest;
  if (group !== "") return PLACE.object;
  if (resource === "secrets") return PLACE.secret;
  return resource === "configmaps" ? PLACE.configMap : PLACE.object;
}

function showPatch(patch: readonly PatchStep[], mask: ValueMask, root: Place): string {
  let shown = "";
  for (const step of patch) {
    if (shown.length > MAX_SHOWN) return `${shown}...`;
    shown += `${showStep(step, mask, root)}\n`;
  }
  return shown;
}

/** `replace /data/password "<masked>"`: the value is read at the place where it would stand. */
function showStep({ op, path, from, value }: PatchStep, mask: ValueMask, root: Place): string {
  const line = `${op} ${from === undefined ? "" : `${from} `}${path}`;
  if (value === undefined) return line;
  const keys = pointerKeys(path);
  // a number may be a key as well as a place in an array: of what is masked by its key none is called so
  const opening = keys.map((key) => (isIndex(key) ? "[" : `{${JSON.stringify(key)}:`)).join("");
  const closing = keys.map((key) => (isIndex(key) ? "]" : "}")).reverse();
  const written = writeJsonTree(pruned(value));
  const whole = Buffer.from(`${opening}${written}${closing.join("")}`);
  const start = Buffer.byteLength(opening);
  const end = start + Buffer.byteLength(written);
  return `${line} ${mask.applyPart(whole, start, end, root).toString("utf8")}`;
}

function isIndex(key: string): boolean {
  return key === "-" || /^\d+$/.test(key);
}

/** In base64 nobody would know it. */
const MASK_IN_BASE64 = Buffer.from(CONSTANT_TEXT).toString("base64");

function cut(whole: string): string {
  const text = whole.replaceAll(MASK_IN_BASE64, CONSTANT_TEXT);
  if (text.length <= MAX_SHOWN) return text;
  return `${text.slice(0, MAX_SHOWN)}\n... (${text.length - MAX_SHOWN} more)`;
}
