import { TidewaiterError } from "@tidewaiter/core/errors";

/** What the unit gave, or would give: `waitsFor` is the short id of the change that it waits as. */
export interface MaybeWaits<Result> {
  readonly result: Result;
  readonly waitsFor?: string;
}

/**
 * For units that make a secret known. It is shown once, to whoever asked, when they ask; the change that is kept holds
 * what verifies it, so that it opens nothing until a second person has approved.
 */
export async function orWaits<Result>(work: Promise<Result>): Promise<MaybeWaits<Result>> {
  try {
    return { result: await work };
  } catch (error) {
    if (!(error instanceof TidewaiterError) || error.code !== "second_person_needed") throw error;
    const { shortId, result } = (error.cause ?? {}) as { readonly shortId?: string; readonly result?: Result };
    if (shortId === undefined) throw error;
    return { result: result as Result, waitsFor: shortId };
  }
}
