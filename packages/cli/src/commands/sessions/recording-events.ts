import type { SessionEvent } from "@tidewaiter/core/recording/events";
import { CliError } from "../../errors.ts";

/** Larger than any recorded event. */
const LINE_LIMIT = 64 * 1024 * 1024;

/** A stream that ended before it was complete; asking again may help. */
export const BROKEN_OFF = "broken_off";

/** The events of a recording, as the API sends it. @throws CliError `failure` when it breaks off */
export async function* recordingEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<SessionEvent> {
  for await (const line of recordedLines(body)) {
    if (!isEvent(line)) throw brokenOff();
    yield line;
  }
}

/** The events are the server's own; of one from a later version the renderer says so. */
export function isEvent(line: object): line is SessionEvent {
  return "at" in line && "type" in line;
}

/** One JSON object a line. @throws CliError `failure` when it breaks off */
export async function* recordedLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<object> {
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for await (const chunk of body) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > LINE_LIMIT) throw brokenOff();
      for (const line of lines) yield parseLine(line);
    }
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw brokenOff(error);
  }
  if (rest + decoder.decode() !== "") throw brokenOff();
}

function parseLine(line: string): object {
  const value: unknown = JSON.parse(line);
  if (typeof value === "object" && value !== null) return value;
  throw brokenOff();
}

function brokenOff(cause?: unknown): CliError {
  return new CliError("failure", "the recording broke off: this is not all of it", {
    next: "Try again, and check it: tw sessions verify ID",
    code: BROKEN_OFF,
    ...(cause === undefined ? {} : { cause }),
  });
}
