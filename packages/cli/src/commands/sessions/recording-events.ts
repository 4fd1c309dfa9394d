import type { SessionEvent } from "@tidewaiter/core/recording/events";
import { CliError } from "../../errors.ts";

/** Larger than any recorded event. */
const LINE_LIMIT = 64 * 1024 * 1024;

/** One JSON object a line, as the API sends a recording. @throws CliError `failure` when it breaks off */
export async function* recordingEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<SessionEvent> {
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for await (const chunk of body) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > LINE_LIMIT) throw brokenOff();
      for (const line of lines) yield parseEvent(line);
    }
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw brokenOff(error);
  }
  if (rest + decoder.decode() !== "") throw brokenOff();
}

function parseEvent(line: string): SessionEvent {
  // The events are the server's own; of one from a later version the renderer says so.
  const event: unknown = JSON.parse(line);
  if (typeof event === "object" && event !== null && "at" in event && "type" in event) return event as SessionEvent;
  throw brokenOff();
}

function brokenOff(cause?: unknown): CliError {
  return new CliError("failure", "the recording broke off: this is not all of it", {
    next: "Try again, and check it: tw sessions verify ID",
    ...(cause === undefined ? {} : { cause }),
  });
}
