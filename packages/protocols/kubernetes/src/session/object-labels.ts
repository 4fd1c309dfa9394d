import { buffer } from "node:stream/consumers";
import type { KubeOperation, Verdict } from "@tidewaiter/core";
import { OUTCOMES } from "@tidewaiter/core/verdict";
import type { KubeContext } from "./context.ts";

type Labels = KubeOperation["labels"];

const METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json";
/** What is asked of many, or of none: each object that is answered is judged by itself. */
const MANY: ReadonlySet<string> = new Set(["list", "watch"]);
const MAX_METADATA = 4 * 1024 * 1024;
const LOOK_MS = 10_000;

/**
 * The operation with the labels of its object: those that are written, and those that the object has already, which are asked
 * of the API server in the person's name where a rule speaks of labels. What is not found out stays unknown.
 */
export async function withLabels(
  operation: KubeOperation,
  written: Labels,
  context: KubeContext,
  signal: AbortSignal,
): Promise<KubeOperation> {
  const { verb, resource, name } = operation;
  if (resource === "" || MANY.has(verb)) return { ...operation, labels: {} };
  const creates = verb === "create" && operation.subresource === "";
  if (creates || !context.session.objectRules().askLabels) return { ...operation, labels: written };
  if (name === "") return operation;
  const stored = await storedLabels(operation, context, signal);
  if (stored === undefined) return operation;
  // neither may a label be taken off to get by, nor put on: the severer verdict counts, also where a person may approve the other
  const asStored = { ...operation, labels: stored };
  const asWritten = { ...operation, labels: { ...stored, ...written } };
  const [before, after] = [asStored, asWritten].map((each) => context.session.evaluate(each)) as [Verdict, Verdict];
  const shown = newlyShown(before.masks, after.masks);
  if (shown.length > 0)
    return { ...asStored, launders: { what: "it gives labels of what is shown to an object", labels: shown } };
  return severity(after) >= severity(before) ? asWritten : asStored;
}

function severity({ outcome }: Verdict): number {
  return OUTCOMES.indexOf(outcome);
}

/** Labels of values that were masked, and would be no more. */
function newlyShown(before: Verdict["masks"], after: Verdict["masks"]): readonly string[] {
  return Object.keys(after).filter((label) => after[label] === "show" && before[label] !== "show");
}

async function storedLabels(
  operation: KubeOperation,
  { target, signal }: KubeContext,
  gone: AbortSignal,
): Promise<Labels> {
  try {
    return await ask(operation, { target, signal }, gone);
  } catch {
    return undefined;
  }
}

async function ask(
  operation: KubeOperation,
  { target, signal }: Pick<KubeContext, "target" | "signal">,
  gone: AbortSignal,
): Promise<Labels> {
  const answer = await target.request({
    method: "GET",
    path: objectPath(operation),
    headers: { accept: METADATA, "user-agent": "tidewaiter" },
    signal: AbortSignal.any([signal, gone, AbortSignal.timeout(LOOK_MS)]),
  });
  const { statusCode, headers } = answer;
  if (statusCode !== 200 || Number(headers["content-length"] ?? 0) > MAX_METADATA) {
    answer.resume();
    return statusCode === 404 ? {} : undefined;
  }
  const { metadata }: { metadata?: { labels?: Labels } } = JSON.parse((await buffer(answer)).toString("utf8"));
  return metadata === undefined ? undefined : (metadata.labels ?? {});
}

function objectPath({ group, version, resource, namespace, name }: KubeOperation): string {
  const own = group === "" && resource === "namespaces";
  const place = namespace === "" || own ? [] : ["namespaces", namespace];
  const parts = [...(group === "" ? ["api"] : ["apis", group]), version, ...place, resource, name];
  return `/${parts.map(encodeURIComponent).join("/")}`;
}
