import type { SessionView } from "../../api/shapes.ts";
import { defineCommand } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { relative } from "../../output/times.ts";
import { untilInterrupted } from "../../process/until-interrupted.ts";
import { findSession } from "./find-session.ts";
import { type Followed, followSession } from "./follow-session.ts";
import { WatchView } from "./watch-view.ts";

interface Options {
  readonly reason: string;
  readonly lines?: boolean;
  readonly originals?: boolean;
}

export const watch = defineCommand<[id: string], Options>({
  summary: "Follow a live session as it happens, to its end; the look itself is recorded with its reason",
  configure: (command) =>
    command
      .argument("<id>", "its id, or `last`: the live one that started last")
      .option("--reason <text>", "why you look", "watch by CLI")
      .option("--lines", "terminals as lines too, in place of their picture")
      .option("--originals", "literals in place of tokens, for those who may see them"),
  examples: [
    "tw sessions list --live",
    'tw sessions watch last --reason "ticket 812"',
    "tw sessions watch last --json | jq 'select(.type == \"operation\")'",
  ],
  notes: `A terminal is shown as it looks there, everything else in lines; --json: one recorded event a line, from the
beginning. Ctrl-C leaves the session alone; tw sessions kill ID ends it.`,
  run: async (context, options, id) => {
    const { output } = context;
    const session = await findSession(await context.api(), id, "live");
    const code = await untilInterrupted(async (signal) => {
      const followed = followSession({
        api: context.api,
        sessionId: session.id,
        reason: options.reason,
        originals: options.originals === true,
        signal,
        onBegin: () => {
          if (!output.json) for (const line of headLines(session, context.now())) output.note(line);
        },
        onAway: (away) =>
          output.note(away ? "The server cannot be reached; trying again." : "The server is there again."),
      });
      const ended = await (output.json ? writeLines(context, followed) : show(context, session, options, followed));
      if (ended !== null) output.note(endLine(session.id, ended));
    });
    if (code !== undefined && !output.json) output.note("You have left; the session goes on.");
    return code;
  },
});

/** Why the session has ended, where the recording does not say it itself; else null. */
type Ended = string | null;

async function writeLines({ output }: CommandContext, followed: AsyncIterable<Followed>): Promise<Ended> {
  let ended: Ended = null;
  for await (const part of followed) {
    for (const event of part.events) output.jsonLine(event);
    ended = part.events.some(({ type }) => type === "session_ended") ? null : part.ended;
  }
  return ended;
}

async function show(
  { output }: CommandContext,
  session: SessionView,
  { lines, originals }: Options,
  followed: AsyncIterable<Followed>,
): Promise<Ended> {
  const view = new WatchView({
    output,
    startedAt: Date.parse(session.startedAt),
    revealSealed: originals === true,
    asLines: lines === true,
  });
  let ended: Ended = null;
  try {
    for await (const part of followed) {
      for (const event of part.events) view.show(event);
      if (part.events.length > 0 && !part.more) view.live();
      ended = part.ended;
    }
  } finally {
    view.close();
  }
  return view.saidEnd ? null : ended;
}

/** Its last segments may not be stored yet, as when its gateway was lost. */
function endLine(id: string, reason: string): string {
  return `The session has ended${reason === "" ? "" : `: ${reason}`}.  All of it:  tw sessions replay ${id}`;
}

function headLines(session: SessionView, now: number): string[] {
  const { id, principal, onBehalfOf, resource, level, protocol, startedAt, counters } = session;
  const who = onBehalfOf === null ? principal : `${principal} for ${onBehalfOf}`;
  const counts = `${counters.statements} ${counters.statements === 1 ? "statement" : "statements"}, ${counters.refused} refused, ${counters.held} held so far`;
  return [
    `Watching ${who} on ${resource} as ${level} (${protocol}), begun ${relative(startedAt, now)}: ${counts}.`,
    `Ctrl-C leaves it alone.  To end it:  tw sessions kill ${id}`,
  ];
}
