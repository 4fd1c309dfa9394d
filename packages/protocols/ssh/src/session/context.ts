import type { Duplex } from "node:stream";
import type { Admission, AdmissionRequest, HeldOperation, LiveSession, SshOperation } from "@tidewaiter/core";
import { activeDetectors } from "@tidewaiter/toolkit/content/active-detectors";
import type { DetectorSet } from "@tidewaiter/toolkit/content/detector-set";
import { redactText } from "@tidewaiter/toolkit/content/redact-text";
import type { Client } from "ssh2";
import type { Loans } from "../lending/loans.ts";
import { type Asked, askOfForward, type ForwardRequest } from "./operations.ts";

/** What the channels of one connection share. */
export interface SshContext {
  readonly session: LiveSession<Duplex>;
  readonly target: Client;
  readonly resource: string;
  /** Login at the target. */
  readonly user: string;
  /** Ends the session, with the reason that its client is told. */
  readonly end: (reason: string) => void;
  /** Aborted when the connection is over. */
  readonly signal: AbortSignal;
  readonly loans: Loans;
}

export type Admitted = Extract<Admission, { ok: true }>;

export interface AdmitInput extends Asked {
  readonly signal: AbortSignal;
  readonly onHeld?: (held: HeldOperation) => void;
  readonly approved?: AdmissionRequest["approved"];
}

/** Judges one operation of a channel; what the detectors find in its text is not shown in the recording. */
export function admit(context: SshContext, input: AdmitInput): Promise<Admission> {
  const { session, user, signal } = context;
  const operation: SshOperation = { type: "ssh", user, ...input.operation };
  const { set } = activeDetectors(session.labels().detectors, undefined) ?? {};
  return session.admit({
    operation,
    text: input.text,
    ...(set !== undefined && { shown: redactText(input.text, set) }),
    summary: input.summary,
    signal: AbortSignal.any([signal, input.signal]),
    onHeld: input.onHeld ?? (() => {}),
    ...(input.approved && { approved: input.approved }),
  });
}

export function admitForward(context: SshContext, request: ForwardRequest): Promise<Admission> {
  return admit(context, { ...askOfForward(request), signal: context.signal });
}

/** What is looked for in the output of an operation that was let in; undefined = nothing. */
export function detectorsOf(context: SshContext, { verdict }: Admitted): DetectorSet | undefined {
  return activeDetectors(context.session.labels().detectors, verdict)?.set;
}

export function finish(
  { session }: SshContext,
  operation: number,
  end: {
    readonly result: "completed" | "refused" | "error" | "canceled";
    readonly tag: string;
    readonly bytes: number;
    readonly startedAt: number;
  },
): void {
  const { result, tag, bytes, startedAt } = end;
  const durationMs = Date.now() - startedAt;
  session.record({ at: Date.now(), type: "operation_finished", operation, result, tag, rows: 0, bytes, durationMs });
}
