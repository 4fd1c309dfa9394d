import { buffer } from "node:stream/consumers";
import type { KubeOperation, Verdict } from "@tidewaiter/core";
import { OUTCOMES } from "@tidewaiter/core/verdict";
import type { ObjectVersion } from "../request/bound-request.ts";
import type { Relabelling } from "../request/relabelling.ts";
import type { KubeContext } from "./context.ts";

type Labels = Readonly<Record<string, string>>;

const METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json";
/** What is asked of many, or of none: each object that is answered is judged by itself. */
const MANY: ReadonlySet<string> = new Set(["list", "watch"]);
const MAX_METADATA = 4 * 1024 * 1024;
const LOOK_MS = 10_000;

/** An object as the API server has it. */
export interface StoredObject {
  readonly labels: Labels;
  /** Names of labels that an apply has set. */
  readonly applied: readonly string[];
  /** Absent: there is no such object. */
  readonly version?: ObjectVersion;
}

export interface LabelledOperation {
  readonly operation: KubeOperation;
  /** What it was judged by; absent: no rule asks for it, or it was not found out. */
  readonly stored?: StoredObject;
}

/**
 * The operation with the labels of its object: those that are written, and those that the object has already, which are asked
 * of the API server in the person's name where a rule speaks of labels. What is not found out stays unknown.
 */
export async function withLabels(
  operation: KubeOperation,
  change: Relabelling,
  context: KubeContext,
  signal: AbortSignal,
): Promise<LabelledOperation> {
  const { verb, resource, name, subresource } = operation;
  if (resource === "" || MANY.has(verb)) return { operation: { ...operation, labels: {} } };
  const creates = verb === "create" && subresource === "" && !isBinding(operation);
  const rules = context.session.objectRules();
  if (creates || !rules.askLabels) return { operation: { ...operation, labels: change.labels } };
  if (name === "") return { operation };
  const stored = await storedObject(operation, context, signal);
  const unknown = { ...operation, labels: undefined };
  if (stored === undefined) return { operation: unknown };
  // neither may a label be taken off to get by, nor put on: the severest verdict counts, also where a person may approve another
  const asStored = { ...operation, labels: stored.labels };
  if (change.relabels)
    return { operation: rules.mask ? { ...unknown, launders: { what: GIVES_LABELS } } : unknown, stored };
  const before = context.session.evaluate(asStored);
  let severest = { operation: asStored, verdict: before };
  for (const labels of relabelled(stored, change)) {
    const after = { ...operation, labels };
    const verdict = context.session.evaluate(after);
    const shown = newlyShown(before.masks, verdict.masks);
    if (shown.length > 0)
      return { operation: { ...asStored, launders: { what: GIVES_LABELS, labels: shown } }, stored };
    if (severity(verdict) >= severity(severest.verdict)) severest = { operation: after, verdict };
  }
  return { operation: severest.operation, stored };
}

const GIVES_LABELS = "it gives labels of what is shown to an object";

/** What its labels will be: with all that go, and, since some may stay, with all that could. */
function relabelled({ labels: stored, applied }: StoredObject, { labels = {}, unlabels = [] }: Relabelling): Labels[] {
  const all = { ...stored, ...labels };
  const gone = new Set(unlabels === "others" ? Object.keys(stored) : unlabels === "applied" ? applied : unlabels);
  const left = Object.entries(stored).filter(([key]) => !gone.has(key));
  return gone.size === 0 ? [all] : [all, { ...Object.fromEntries(left), ...labels }];
}

function severity({ outcome }: Verdict): number {
  return OUTCOMES.indexOf(outcome);
}

/** Labels of values that were masked, and would be no more. */
function newlyShown(before: Verdict["masks"], after: Verdict["masks"]): readonly string[] {
  return Object.keys(after).filter((label) => after[label] === "show" && before[label] !== "show");
}

/** Undefined: it was not found out. */
export async function storedObject(
  operation: KubeOperation,
  { target, signal }: Pick<KubeContext, "target" | "signal">,
  gone: AbortSignal,
): Promise<StoredObject | undefined> {
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
): Promise<StoredObject | undefined> {
  const answer = await target.request({
    method: "GET",
    path: objectPath(operation),
    headers: { accept: METADATA, "user-agent": "tidewaiter" },
    signal: AbortSignal.any([signal, gone, AbortSignal.timeout(LOOK_MS)]),
  });
  const { statusCode, headers } = answer;
  if (statusCode !== 200 || Number(headers["content-length"] ?? 0) > MAX_METADATA) {
    answer.resume();
    return statusCode === 404 ? { labels: {}, applied: [] } : undefined;
  }
  const { metadata }: { metadata?: ObjectMetadata } = JSON.parse((await buffer(answer)).toString("utf8"));
  if (metadata === undefined) return undefined;
  const { labels = {}, managedFields = [], uid = "", resourceVersion = "" } = metadata;
  const applied = managedFields
    .filter(({ operation: how }) => how === "Apply")
    .flatMap(({ fieldsV1 }) => Object.keys(fieldsV1?.["f:metadata"]?.["f:labels"] ?? {}))
    .map((key) => key.replace(/^f:/, ""));
  return { labels, applied, ...(resourceVersion !== "" && { version: { uid, resourceVersion } }) };
}

/** Of what is asked for here (apimachinery, metav1.ObjectMeta). */
interface ObjectMetadata {
  readonly labels?: Labels;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly managedFields?: readonly {
    readonly operation?: string;
    readonly fieldsV1?: { readonly "f:metadata"?: { readonly "f:labels"?: Readonly<Record<string, unknown>> } };
  }[];
}

/** The older way to write `pods/binding`; both give a pod labels. */
function isBinding({ group, resource }: KubeOperation): boolean {
  return group === "" && resource === "bindings";
}

function objectPath(operation: KubeOperation): string {
  const { group, version, namespace, name } = operation;
  const resource = isBinding(operation) ? "pods" : operation.resource;
  const own = group === "" && resource === "namespaces";
  const place = namespace === "" || own ? [] : ["namespaces", namespace];
  const parts = [...(group === "" ? ["api"] : ["apis", group]), version, ...place, resource, name];
  return `/${parts.map(encodeURIComponent).join("/")}`;
}
