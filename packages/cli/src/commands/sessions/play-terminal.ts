import { setTimeout as sleep } from "node:timers/promises";
import { asciicast } from "@tidewaiter/core/recording/asciicast";
import type { SessionEvent } from "@tidewaiter/core/recording/events";
import { writePrivateFile } from "../../config/private-file.ts";
import type { CommandContext } from "../../context.ts";
import { CliError } from "../../errors.ts";
import { TerminalPicture } from "../../output/terminal-picture.ts";

export interface TerminalPlayback {
  /** Undefined: as fast as it goes. */
  readonly speed: number | undefined;
  /** Pauses end after so many milliseconds. */
  readonly idleMs: number;
  /** Milliseconds from the start that are shown at once. */
  readonly fromMs: number;
}

/** The first terminal of a session, shown as it was. */
export async function playTerminal(
  { output }: CommandContext,
  events: AsyncIterable<SessionEvent>,
  { speed, idleMs, fromMs }: TerminalPlayback,
): Promise<void> {
  let first: Extract<SessionEvent, { type: "terminal_size" }> | undefined;
  let before = 0;
  const picture = new TerminalPicture();
  for await (const event of events) {
    if (event.type === "terminal_size") first ??= event;
    if (first === undefined || event.type !== "terminal" || event.operation !== first.operation) continue;
    const at = event.at - first.at;
    if (speed !== undefined && at > fromMs) await sleep(Math.min(Math.max(0, at - before), idleMs) / speed);
    before = at;
    if (event.stream !== "input") output.picture(picture.push(event.text));
  }
  if (first === undefined) throw noTerminal();
  if (output.size !== undefined) output.picture(picture.restore);
}

/** As asciicast v2, for asciinema and other players. */
export async function writeCast(events: AsyncIterable<SessionEvent>, file: string): Promise<number> {
  const all: SessionEvent[] = [];
  for await (const event of events) all.push(event);
  const lines = asciicast(all);
  if (lines === undefined) throw noTerminal();
  await writePrivateFile(file, `${lines.join("\n")}\n`);
  return lines.length - 1;
}

function noTerminal(): CliError {
  return new CliError("not_found", "the session had no terminal", { next: "Leave out --terminal and --cast." });
}
