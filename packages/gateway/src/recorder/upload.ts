import type { ControlPlane, ErrorCode } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import type { Clock } from "./clock.ts";

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 10_000;

/** Outcomes that another try may change. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  "control_plane_lost",
  "storage_unavailable",
  "rate_limited",
  "internal",
]);

export type UploadResult =
  | { readonly stored: true }
  /** The control plane will never take these bytes, or `signal` ended the attempts. */
  | { readonly stored: false; readonly refused: boolean; readonly reason: string };

export interface Upload {
  readonly sessionId: string;
  readonly sequence: number;
  readonly bytes: Uint8Array;
}

/**
 * Hands a segment to the control plane, again and again with growing, jittered pauses until it is acknowledged. Putting
 * the same bytes twice is harmless: the store is put-if-absent.
 */
export async function uploadSegment(
  controlPlane: Pick<ControlPlane, "putSegment">,
  { sessionId, sequence, bytes }: Upload,
  { clock, signal }: { readonly clock: Clock; readonly signal?: AbortSignal | undefined },
): Promise<UploadResult> {
  for (let delay = FIRST_DELAY_MS; ; delay = Math.min(2 * delay, LONGEST_DELAY_MS)) {
    try {
      await controlPlane.putSegment(sessionId, sequence, bytes);
      return { stored: true };
    } catch (error) {
      if (error instanceof TidewaiterError && !PASSING.has(error.code)) {
        return { stored: false, refused: true, reason: `segment ${sequence} was refused: ${error.code}` };
      }
    }
    if (signal?.aborted) return { stored: false, refused: false, reason: "the control plane cannot be reached" };
    await pause(delay * (0.5 + Math.random() / 2), clock, signal);
  }
}

function pause(ms: number, clock: Clock, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal?.addEventListener("abort", done, { once: true });
  });
}
