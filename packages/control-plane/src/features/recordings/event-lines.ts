import { setImmediate as others } from "node:timers/promises";
import type { SessionEvent } from "@tidewaiter/core";
import { withoutSealed } from "@tidewaiter/core/recording/sealed";

/** Characters that go out at once. */
const CHUNK = 64 * 1024;

/** One JSON object a line. */
export function linesOf(events: readonly SessionEvent[], originals: boolean): string {
  let lines = "";
  for (const event of events) lines += `${JSON.stringify(originals ? event : withoutSealed(event))}\n`;
  return lines;
}

/**
 * The same text in fewer and larger pieces. Between two of them the process serves others: to open a long recording takes
 * seconds of its only thread, and live sessions may run in it.
 */
export async function* inChunks(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let chunk = "";
  for await (const text of texts) {
    chunk += text;
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = "";
    await others();
  }
  if (chunk !== "") yield chunk;
}
