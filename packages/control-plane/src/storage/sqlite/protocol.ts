import type { PlainError } from "../storage-error.ts";
import type { UnitOutcome } from "../unit.ts";

/** What the worker is started with. `registry` is the URL of a module that exports `units`. */
export interface WorkerOptions {
  readonly file: string;
  readonly registry: string;
  readonly busyTimeoutMs: number;
}

export type WorkerRequest =
  | {
      readonly id: number;
      readonly type: "run";
      readonly feature: string;
      readonly name: string;
      readonly args: unknown;
      readonly now: string;
    }
  | { readonly id: number; readonly type: "close" };

export type WorkerReply =
  | { readonly type: "ready" }
  | { readonly type: "failed"; readonly error: PlainError }
  | { readonly type: "done"; readonly id: number; readonly outcome?: UnitOutcome<unknown> }
  | { readonly type: "refused"; readonly id: number; readonly error: PlainError };
