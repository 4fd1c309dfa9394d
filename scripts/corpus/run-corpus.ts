import type { CaptureProxy } from "./capture-proxy.ts";
import type { CorpusCase } from "./cases.ts";
import { type Judged, judge } from "./judge.ts";
import { type Attempt, attempt, type Endpoint } from "./run-case.ts";

export interface CorpusRun {
  readonly endpoint: Endpoint;
  readonly proxy: CaptureProxy;
  /** The server itself, for comparison; without it controls are judged by their errors alone. */
  readonly reference?: Endpoint;
  readonly referenceProxy?: CaptureProxy;
  readonly onResult?: (result: Judged, attempt: Attempt) => void;
}

const UNKNOWN: Attempt = { bytes: Buffer.alloc(0), errors: [], output: "(not run without a gateway)" };

/** Every case in order, each on a connection of its own. */
export async function runCorpus(cases: readonly CorpusCase[], run: CorpusRun): Promise<readonly Judged[]> {
  const results: Judged[] = [];
  for (const one of cases) {
    // a case about a side effect would do it when nobody stands in between
    const harmless = one.control === true || one.expected === "allowed" || one.leaks_if.type !== "side_effect";
    const direct =
      harmless && run.reference !== undefined && run.referenceProxy !== undefined
        ? await attempt(one, run.reference, run.referenceProxy)
        : UNKNOWN;
    const writes = (one.steps ?? [one.sql ?? ""]).some((step) =>
      /^\s*(insert|update|delete|merge|create|drop)/i.test(step),
    );
    const through = await attempt(
      one,
      { ...run.endpoint, user: writes ? `${run.endpoint.user}/write` : run.endpoint.user },
      run.proxy,
    );
    const result = judge(one, through, direct);
    results.push(result);
    run.onResult?.(result, through);
  }
  return results;
}
