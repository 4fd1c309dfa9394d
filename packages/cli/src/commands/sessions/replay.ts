import type { SessionEvent } from "@tidewaiter/core/recording/events";
import { renderEvent } from "@tidewaiter/core/recording/render";
import { type Api, answer } from "../../api/client.ts";
import type { SessionView } from "../../api/shapes.ts";
import { defineCommand } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { CliError } from "../../errors.ts";
import { parseCount } from "../../input/duration.ts";
import { untilInterrupted } from "../../process/until-interrupted.ts";
import { findSession } from "./find-session.ts";
import { playTerminal, writeCast } from "./play-terminal.ts";
import { recordingEvents } from "./recording-events.ts";
import { keepPace, type Pace } from "./replay-pace.ts";

interface Options {
  readonly reason: string;
  readonly speed?: string;
  readonly idle?: string;
  readonly from?: string;
  readonly operation?: string;
  readonly terminal?: boolean;
  readonly cast?: string;
  readonly events?: boolean;
  readonly originals?: boolean;
}

export const replay = defineCommand<[id: string], Options>({
  summary: "Show what happened in a session, from its recording; the look itself is recorded with its reason",
  configure: (command) =>
    command
      .argument("<id>", "its id, or `last`")
      .option("--reason <text>", "why you look", "replay by CLI")
      .option("--speed <factor>", "with the pauses of then, so many times faster")
      .option("--idle <seconds>", "with --speed or --terminal: a longer pause counts as so many seconds", "2")
      .option("--from <seconds>", "with --speed or --terminal: what came before is shown at once")
      .option("--terminal", "a terminal as it looked, in this one; --speed is 1")
      .option("--operation <number>", "with --terminal or --cast: the one that this operation opened, not the first")
      .option("--cast <file>", "write that terminal as asciicast v2, for asciinema and other players")
      .option("--events", "one JSON object a line, as recorded")
      .option("--originals", "literals in place of tokens, for those who may see them"),
  examples: [
    "tw sessions replay last",
    'tw sessions replay last --speed 4 --reason "ticket 812"',
    "tw sessions replay last --terminal --speed 2 --idle 1 --from 30",
    "tw sessions replay last --events | jq 'select(.type == \"operation\")'",
  ],
  notes: "Recorded text is escaped: it cannot speak to your terminal.",
  run: async (context, options, id) => {
    const speed = parseSpeed(options.speed);
    const pace = {
      speed,
      idleMs: parseSeconds(options.idle ?? "2", "--idle"),
      fromMs: parseSeconds(options.from ?? "0", "--from"),
    };
    const operation =
      options.operation === undefined ? undefined : parseCount(options.operation, "--operation", { min: 1, max: 1e9 });
    const api = await context.api();
    const session = await findSession(api, id);
    const events = await openRecording(api, session.id, options);
    if (options.cast !== undefined) {
      const count = await writeCast(events, options.cast, operation);
      context.output.result({ session: session.id, file: options.cast, events: count }, () => [
        `Written: ${options.cast} (${count} events). Play it: asciinema play ${options.cast}`,
      ]);
    } else if (options.terminal) {
      const terminalPace = { ...pace, speed: speed ?? 1 };
      return untilInterrupted((signal) => playTerminal(context, events, { pace: terminalPace, operation, signal }));
    } else if (options.events) await writeLines(context, events);
    else if (context.output.json) await writeDocument(context, session, events);
    else await play(context, events, pace, options.originals === true);
    return undefined;
  },
});

function parseSpeed(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const speed = Number(text);
  if (speed > 0 && speed <= 1000) return speed;
  throw new CliError("usage", `--speed ${text}: not a number above 0, up to 1000`);
}

function parseSeconds(text: string, option: string): number {
  const seconds = Number(text);
  if (seconds >= 0 && seconds <= 86_400) return seconds * 1000;
  throw new CliError("usage", `${option} ${text}: not a number of seconds`);
}

async function openRecording(api: Api, id: string, { reason, originals }: Options) {
  const query = { reason, ...(originals ? { originals: "true" as const } : {}) };
  const call = api.GET("/v1/sessions/{id}/recording", { params: { path: { id }, query }, parseAs: "stream" });
  const body = await answer(call);
  // an empty answer: the first segment of a session that goes on is stored after a minute
  return recordingEvents(body ?? new ReadableStream({ start: (stream) => stream.close() }));
}

async function writeLines({ output }: CommandContext, events: AsyncIterable<SessionEvent>): Promise<void> {
  for await (const event of events) output.jsonLine(event);
}

async function writeDocument({ output }: CommandContext, session: SessionView, events: AsyncIterable<SessionEvent>) {
  const all: SessionEvent[] = [];
  for await (const event of events) all.push(event);
  output.result({ session, events: all }, () => []);
}

async function play(
  { output }: CommandContext,
  events: AsyncIterable<SessionEvent>,
  pace: Pace,
  revealSealed: boolean,
): Promise<void> {
  let startedAt: number | undefined;
  const reach = keepPace(pace);
  for await (const event of events) {
    startedAt ??= event.at;
    await reach(event.at - startedAt);
    output.lines(renderEvent(event, { startedAt, colour: output.colour, revealSealed }));
  }
  if (startedAt === undefined)
    output.note("Nothing of this session is stored yet. While it lives:  tw sessions watch ID");
}
