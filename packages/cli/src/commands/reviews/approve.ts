import { defineCommand } from "../../command.ts";
import { addDecideOptions, type DecideOptions, decide } from "./decide.ts";

export const approve = defineCommand<[id: string | undefined], DecideOptions>({
  summary: "Let exactly this statement run, once",
  configure: addDecideOptions,
  examples: [
    'tw reviews approve 7Q2H --comment "ticket 812"',
    "tw reviews approve --as mia --yes                 the only one that waits",
  ],
  notes: "Nobody decides what they asked for themselves, nor what an AI agent asked on their behalf.",
  run: (context, options, id) => decide(context, "approve", options, id),
});
