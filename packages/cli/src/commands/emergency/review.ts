import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";

interface Options {
  readonly comment: string;
}

export const review = defineCommand<[id: string], Options>({
  summary: "Say that the use of an emergency identity was looked at, and what came of it",
  configure: (command) =>
    command
      .argument("<id>", "of the emergency, such as 7Q2FKD (tw emergency list)")
      .requiredOption("--comment <text>", "what was done with it, and whether it was right"),
  examples: ['tw emergency review 7Q2FKD --comment "replayed it with ana; ticket 812"'],
  notes: "Each use is reviewed within a day, by somebody else.",
  run: async (context, options, id) => {
    const call = { params: { path: { id } }, body: { comment: options.comment } };
    const use = await answer((await context.api()).POST("/v1/emergency/uses/{id}/review", call));
    context.output.result(use, () => [`Reviewed ${use.shortId} of ${use.claimedName} on ${use.resourceName}.`]);
    return undefined;
  },
});
