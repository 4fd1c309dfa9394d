import type { KubeOperation, LabelDetectors, LabelSource, Verdict } from "@tidewaiter/core";
import { LabelMatcher } from "@tidewaiter/core";
import { activeDetectors } from "@tidewaiter/toolkit/content/active-detectors";
import type { MaskRules } from "./masking.ts";
import { type AnswerInput, planAnswer } from "./plan-answer.ts";

export function operationOf(change: Partial<KubeOperation> = {}): KubeOperation {
  return {
    type: "kube",
    verb: "get",
    group: "",
    version: "v1",
    resource: "secrets",
    subresource: "",
    namespace: "prod",
    name: "",
    path: "",
    labels: undefined,
    dryRun: false,
    container: "",
    command: [],
    programs: [],
    ...change,
  };
}

interface RulesInput {
  readonly labels?: readonly (LabelSource & { readonly detect?: readonly string[] })[];
  readonly masks?: Verdict["masks"];
  readonly token?: MaskRules["token"];
}

export function rulesOf({ labels = [], masks = {}, token }: RulesInput = {}): MaskRules {
  const detectors: LabelDetectors[] = labels.flatMap(({ name, detect = [] }) =>
    detect.length === 0 ? [] : [{ name, detect }],
  );
  const all = { ...Object.fromEntries(labels.map(({ name }) => [name, { transform: "constant" } as const])), ...masks };
  return {
    masks: all,
    matcher: new LabelMatcher(labels),
    detectors: activeDetectors(detectors, { masks: all, unlabelledText: "detect" }),
    ...(token && { token }),
  };
}

/** What a client gets of an answer that arrives in these chunks. */
export function answered(
  input: Partial<AnswerInput>,
  body: string | Buffer | readonly Uint8Array[],
  contentType = "application/json",
): string {
  const plan = planAnswer({ operation: operationOf(), accept: "", rules: rulesOf(), ...input });
  const chunks = typeof body === "string" || Buffer.isBuffer(body) ? [Buffer.from(body)] : body;
  if (plan.pass) return Buffer.concat(chunks.map((chunk) => Buffer.from(chunk))).toString();
  const mask = plan.open(contentType, 200);
  if (mask === undefined) return Buffer.concat(chunks.map((chunk) => Buffer.from(chunk))).toString();
  const out = chunks.map((chunk) => Buffer.from(mask.push(Buffer.from(chunk))));
  return Buffer.concat([...out, mask.end()]).toString();
}

export const b64 = (text: string): string => Buffer.from(text).toString("base64");

/** A Secret as the API server keeps it after `kubectl apply`. */
export function secret(
  values: Readonly<Record<string, string>>,
  metadata: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    kind: "Secret",
    apiVersion: "v1",
    metadata: { name: "db", namespace: "prod", uid: "0b5c", resourceVersion: "9007199254740993", ...metadata },
    data: Object.fromEntries(Object.entries(values).map(([key, value]) => [key, b64(value)])),
    type: "Opaque",
  };
}
