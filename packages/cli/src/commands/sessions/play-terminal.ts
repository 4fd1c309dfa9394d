import { asciicast } from "@tidewaiter/core/recording/asciicast";
import type { SessionEvent } from "@tidewaiter/core/recording/events";
import { writePrivateFile } from "../../config/private-file.ts";
import type { CommandContext } from "../../context.ts";
import { CliError } from "../../errors.ts";
import { TerminalPicture } from "../../output/terminal-picture.ts";
import { keepPace, type Pace } from "./replay-pace.ts";

export interface TerminalPlayback {
  readonly pace: Pace;
  /** The operation that opened it; undefined: the first one. */
  readonly operation: number | undefined;
  readonly signal: AbortSignal;
}

/** One terminal of a session, shown as it was. */
export async function playTerminal(
  { output }: CommandContext,
  events: AsyncIterable<SessionEvent>,
  { pace, operation, signal }: TerminalPlayback,
): Promise<void> {
  let first: Extract<SessionEvent, { type: "terminal_size" }> | undefined;
  const others = new Set<number>();
  const reach = keepPace(pace, signal);
  const picture = new TerminalPicture();
  for await (const event of events) {
    if (signal.aborted) break;
    if (event.type === "terminal_size") {
      if (operation === undefined || event.operation === operation) first ??= event;
      if (event.operation !== first?.operation) others.add(event.operation);
    }
    if (first === undefined || event.type !== "terminal" || event.operation !== first.operation) continue;
    await reach(event.at - first.at);
    if (event.stream !== "input" && !signal.aborted) output.picture(picture.push(event.text));
  }
  if (first === undefined) throw noTerminal(others);
  if (output.size !== undefined) output.picture(`${picture.restore}\r\n`);
  if (others.size > 0) output.note(`Other terminals: ${[...others].map((other) => `--operation ${other}`).join(", ")}`);
}

/** As asciicast v2, for asciinema and other players. */
export async function writeCast(
  events: AsyncIterable<SessionEvent>,
  file: string,
  operation: number | undefined,
): Promise<number> {
  const all: SessionEvent[] = [];
  for await (const event of events) all.push(event);
  const lines = asciicast(all, operation);
  const others = all.flatMap((event) => (event.type === "terminal_size" ? [event.operation] : []));
  if (lines === undefined) throw noTerminal(new Set(others));
  await writePrivateFile(file, `${lines.join("\n")}\n`);
  return lines.length - 1;
}

function noTerminal(others: ReadonlySet<number>): CliError {
  if (others.size === 0)
    return new CliError("not_found", "the session had no terminal", { next: "Leave out --terminal and --cast." });
  const next = [...others].map((other) => `--operation ${other}`).join(", ");
  return new CliError("not_found", "that operation had no terminal", { next });
}
