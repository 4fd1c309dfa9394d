import { setTimeout as sleep } from "node:timers/promises";
import type { SessionEvent } from "@tidewaiter/core/recording/events";
import { renderEvent } from "@tidewaiter/core/recording/render";
import { type Api, answer } from "../../api/client.ts";
import type { SessionView } from "../../api/shapes.ts";
import { defineCommand } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { CliError } from "../../errors.ts";
import { findSession } from "./find-session.ts";
import { recordingEvents } from "./recording-events.ts";

interface Options {
  readonly reason: string;
  readonly speed?: string;
  readonly events?: boolean;
  readonly originals?: boolean;
}

/** Nobody wants to watch a coffee break. */
const LONGEST_PAUSE_MS = 2000;

export const replay = defineCommand<[id: string], Options>({
  summary: "Show what happened in a session, from its recording; the look itself is recorded with its reason",
  configure: (command) =>
    command
      .argument("<id>", "its id, or `last`")
      .option("--reason <text>", "why you look", "replay by CLI")
      .option("--speed <factor>", "with the pauses of then, so many times faster; pauses end after 2 s")
      .option("--events", "one JSON object a line, as recorded")
      .option("--originals", "literals in place of tokens, for those who may see them"),
  examples: [
    "tw sessions replay last",
    'tw sessions replay last --speed 4 --reason "ticket 812"',
    "tw sessions replay last --events | jq 'select(.type == \"operation\")'",
  ],
  notes: "Recorded text is escaped: it cannot speak to your terminal.",
  run: async (context, options, id) => {
    const speed = parseSpeed(options.speed);
    const api = await context.api();
    const session = await findSession(api, id);
    const events = await openRecording(api, session.id, options);
    if (options.events) await writeLines(context, events);
    else if (context.output.json) await writeDocument(context, session, events);
    else await play(context, events, { speed, revealSealed: options.originals === true });
    return undefined;
  },
});

function parseSpeed(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const speed = Number(text);
  if (speed > 0 && speed <= 1000) return speed;
  throw new CliError("usage", `--speed ${text}: not a number above 0, up to 1000`);
}

async function openRecording(api: Api, id: string, { reason, originals }: Options) {
  const query = { reason, ...(originals ? { originals: "true" as const } : {}) };
  const call = api.GET("/v1/sessions/{id}/recording", { params: { path: { id }, query }, parseAs: "stream" });
  const body = await answer(call);
  if (body === null || body === undefined) throw new CliError("failure", "the server sent no recording");
  return recordingEvents(body);
}

async function writeLines({ output }: CommandContext, events: AsyncIterable<SessionEvent>): Promise<void> {
  for await (const event of events) output.jsonLine(event);
}

async function writeDocument({ output }: CommandContext, session: SessionView, events: AsyncIterable<SessionEvent>) {
  const all: SessionEvent[] = [];
  for await (const event of events) all.push(event);
  output.result({ session, events: all }, () => []);
}

interface Playing {
  readonly speed: number | undefined;
  readonly revealSealed: boolean;
}

async function play({ output }: CommandContext, events: AsyncIterable<SessionEvent>, playing: Playing): Promise<void> {
  let startedAt: number | undefined;
  let before = 0;
  for await (const event of events) {
    startedAt ??= event.at;
    if (playing.speed !== undefined && before > 0) {
      await sleep(Math.min(Math.max(0, event.at - before) / playing.speed, LONGEST_PAUSE_MS));
    }
    before = event.at;
    output.lines(renderEvent(event, { startedAt, colour: output.colour, revealSealed: playing.revealSealed }));
  }
  if (startedAt === undefined) output.note("Nothing of this session is stored yet.");
}
