import { setTimeout as sleep } from "node:timers/promises";
import { asciicast } from "@tidewaiter/core/recording/asciicast";
import type { SessionEvent } from "@tidewaiter/core/recording/events";
import { writePrivateFile } from "../../config/private-file.ts";
import type { CommandContext } from "../../context.ts";
import { CliError } from "../../errors.ts";

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
  for await (const event of events) {
    if (event.type === "terminal_size") first ??= event;
    if (first === undefined || event.type !== "terminal" || event.operation !== first.operation) continue;
    const at = event.at - first.at;
    if (speed !== undefined && at > fromMs) await sleep(Math.min(Math.max(0, at - before), idleMs) / speed);
    before = at;
    if (event.stream !== "input") output.picture(withoutCommands(event.text));
  }
  if (first === undefined) throw noTerminal();
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

/**
 * Colours and cursor movements draw the picture. What else a terminal may be told (its title, the clipboard, to answer
 * something) is none of it: OSC, DCS and the like, and requests for reports, are left out.
 */
export function withoutCommands(text: string): string {
  return COMMANDS.reduce((shown, command) => shown.replace(command, ""), text);
}

const ESC = "\u001b";
const BEL = "\u0007";
const ENQUIRY = "\u0005";
/** Made from text: the control characters are what is looked for. */
const COMMANDS = [`${ESC}[\\]PX^_][^${BEL}${ESC}]*(?:${BEL}|${ESC}\\\\|$)`, `${ESC}\\[[0-9;?>=]*[ncti]`, ENQUIRY].map(
  (pattern) => new RegExp(pattern, "g"),
);

function noTerminal(): CliError {
  return new CliError("not_found", "the session had no terminal", { next: "Leave out --terminal and --cast." });
}
