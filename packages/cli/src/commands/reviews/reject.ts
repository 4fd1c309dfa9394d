import { defineCommand } from "../../command.ts";
import { addDecideOptions, type DecideOptions, decide } from "./decide.ts";

export const reject = defineCommand<[id: string | undefined], DecideOptions>({
  summary: "Refuse a statement that waits",
  configure: addDecideOptions,
  examples: [
    'tw reviews reject 7Q2H --comment "ticket 812"',
    "tw reviews reject --as mia --yes                 the only one that waits",
  ],
  notes: "Nobody decides what they asked for themselves, nor what an AI agent asked on their behalf.",
  run: (context, options, id) => decide(context, "reject", options, id),
});
