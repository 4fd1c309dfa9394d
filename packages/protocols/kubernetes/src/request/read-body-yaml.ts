import { isUtf8 } from "node:buffer";
import { isAlias, isMap, isScalar, isSeq, type Node, parseAllDocuments, type Scalar } from "yaml";
import { type JsonTree, NotOneMeaning, readJsonTree } from "../json/json-tree.ts";

/** Longer YAML is not read: it takes a millisecond per kilobyte. Whatever kubectl sends as YAML is JSON. */
const MAX_YAML = 128 * 1024;
const MAX_DEPTH = 100;
/** Plain scalars that are no strings for the API server (sigs.k8s.io/yaml, YAML 1.1). */
const NULLS = /^(?:~|null|Null|NULL|)$/;
const TRUES = /^(?:y|yes|true|on)$/i;
const FALSES = /^(?:n|no|false|off)$/i;
const NUMBERS =
  /^[-+]?(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][-+]?\d+)?$|^0[xob][\da-fA-F_]+$|^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/;
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * One YAML document that says what it says: no anchors, tags or merged keys, which readers resolve differently. JSON, which
 * is YAML too, is read as JSON.
 */
export function readYamlTree(bytes: Buffer): JsonTree {
  if (!isUtf8(bytes)) throw new NotOneMeaning("it is not in UTF-8");
  const text = bytes.toString("utf8");
  if (/^\s*[{[]/.test(text)) return readJsonTree(bytes);
  if (bytes.length > MAX_YAML) throw new NotOneMeaning(`its YAML is longer than ${MAX_YAML} bytes`);
  if (text.startsWith("\ufeff") || text.includes("\0")) throw new NotOneMeaning("it is no plain text");
  if (/^%/m.test(text)) throw new NotOneMeaning("its YAML has directives");
  const [document, ...others] = parseAllDocuments(text, {
    version: "1.1",
    schema: "failsafe",
    uniqueKeys: true,
    merge: false,
    keepSourceTokens: false,
    logLevel: "silent",
  });
  if (document === undefined || !("contents" in document) || others.length > 0)
    // the API server would leave away all but the first
    throw new NotOneMeaning("it is not one YAML document");
  if (document.errors.length + document.warnings.length > 0) throw new NotOneMeaning("it is no YAML that can be read");
  return treeOf(document.contents, 0);
}

function treeOf(node: Node | null | undefined, depth: number): JsonTree {
  if (depth > MAX_DEPTH) throw new NotOneMeaning("it is nested too deep");
  if (node === null || node === undefined) return { written: "null" };
  if (isAlias(node) || (node as { anchor?: string }).anchor !== undefined)
    throw new NotOneMeaning("its YAML has anchors");
  if ((node as { tag?: string }).tag?.startsWith("!")) throw new NotOneMeaning("its YAML has tags");
  if (isScalar(node)) return scalarOf(node);
  if (isSeq(node)) return node.items.map((item) => treeOf(item as Node, depth + 1));
  if (!isMap(node)) throw new NotOneMeaning("its YAML has something else than values");
  const members = new Map<string, JsonTree>();
  for (const { key, value } of node.items) {
    const name = isScalar(key) ? scalarOf(key) : undefined;
    if (typeof name !== "string" || (name === "<<" && (key as Scalar).type === "PLAIN"))
      throw new NotOneMeaning("its YAML has a key that is no text");
    if (members.has(name)) throw new NotOneMeaning("a key stands twice in one object");
    members.set(name, treeOf(value as Node, depth + 1));
  }
  return members;
}

function scalarOf(node: Scalar): JsonTree {
  if ((node as { anchor?: string }).anchor !== undefined) throw new NotOneMeaning("its YAML has anchors");
  const text = String(node.value ?? "");
  if (node.type !== "PLAIN") return text;
  if (NULLS.test(text)) return { written: "null" };
  if (TRUES.test(text)) return { written: "true" };
  if (FALSES.test(text)) return { written: "false" };
  if (JSON_NUMBER.test(text)) return { written: text };
  // a number in some writing of YAML's own: some readers take it for text
  if (NUMBERS.test(text)) throw new NotOneMeaning("its YAML has a number that is not written as in JSON");
  return text;
}
