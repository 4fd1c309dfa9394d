import { createHmac } from "node:crypto";
import type { Duplex } from "node:stream";
import type { AdmissionRequest, HeldOperation, KubeOperation, LiveSession } from "@tidewaiter/core";
import { kubeResource } from "@tidewaiter/core/operation";
import { activeDetectors } from "@tidewaiter/toolkit/content/active-detectors";
import { redactText } from "@tidewaiter/toolkit/content/redact-text";
import type { Target } from "./target.ts";

/** What the requests of one session share. */
export interface KubeContext {
  readonly session: LiveSession<Duplex>;
  readonly target: Target;
  readonly resource: string;
  /** Aborted when the session is over. */
  readonly signal: AbortSignal;
  /** Why it was ended from outside; never rejects. */
  readonly interrupted: Promise<string>;
}

export interface AdmitInput {
  readonly operation: KubeOperation;
  /** Request line and what is written, without secrets. */
  readonly text: string;
  /** What is written, whole: an approval is good for these bytes alone, and as this content type. */
  readonly body?: { readonly bytes: Buffer; readonly contentType: string };
  /** One line without values; default what `summaryOf` says. */
  readonly summary?: string;
  /** The client cannot be kept waiting. */
  readonly ticketOnly?: true;
  /** It was approved before, and is judged anew. */
  readonly approved?: AdmissionRequest["approved"];
  readonly signal: AbortSignal;
  readonly onHeld?: (held: HeldOperation) => void;
}

/** Judges one request; what the detectors find in its text is not shown in the recording. */
export function admit({ session, signal }: KubeContext, input: AdmitInput) {
  const { operation, text, body, ticketOnly, approved } = input;
  const { set } = activeDetectors(session.labels().detectors, undefined) ?? {};
  return session.admit({
    operation,
    text,
    ...(set !== undefined && { shown: redactText(text, set) }),
    summary: input.summary ?? summaryOf(operation),
    ...(body !== undefined && { bound: keyedDigest(session.authorized.tokenKey, body) }),
    ...(ticketOnly && { ticketOnly }),
    ...(approved !== undefined && { approved }),
    signal: AbortSignal.any([signal, input.signal]),
    onHeld: input.onHeld ?? (() => {}),
  });
}

/** Nobody can try out by it what a secret in the body may have been. */
function keyedDigest(key: string, { bytes, contentType }: NonNullable<AdmitInput["body"]>): string {
  const mac = createHmac("sha256", Buffer.from(key, "base64")).update(`kubernetes body\0${contentType}\0`);
  return mac.update(bytes).digest("hex");
}

/** `delete pods web-1 in prod`. */
export function summaryOf(operation: KubeOperation): string {
  const { verb, name, namespace, resource } = operation;
  const object = kubeResource(operation) + (name === "" ? "" : ` ${name}`);
  return `${verb} ${object}${namespace === "" || resource === "namespaces" ? "" : ` in ${namespace}`}`;
}

export function finish(
  { session }: KubeContext,
  operation: number,
  end: {
    readonly result: "completed" | "error" | "canceled";
    readonly tag: string;
    readonly bytes: number;
    readonly startedAt: number;
    readonly masked?: Extract<Parameters<LiveSession["record"]>[0], { readonly type: "operation_finished" }>["masked"];
  },
): void {
  const { result, tag, bytes, startedAt, masked } = end;
  session.record({
    at: Date.now(),
    type: "operation_finished",
    operation,
    result,
    tag,
    rows: 0,
    bytes,
    durationMs: Date.now() - startedAt,
    ...(masked !== undefined && masked.length > 0 && { masked }),
  });
}
