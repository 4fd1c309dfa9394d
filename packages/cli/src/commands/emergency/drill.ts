import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { EXIT_CODES } from "../../exit-codes.ts";
import { type AttemptOptions, addAttemptOptions, prepareAttempt } from "./attempt.ts";

export const drill = defineCommand<[name: string], AttemptOptions>({
  summary: "Do all that an emergency does, without getting access and without spending the code",
  configure: addAttemptOptions,
  examples: ['tw emergency drill night-shift --reason "monthly drill"'],
  notes: "Every channel is told that it was a drill. Exit code 9: a session could not have been opened.",
  run: async (context, options, name) => {
    const { api, body } = await prepareAttempt(context, name, options);
    const result = await answer(api.POST("/v1/emergency/drill", { body }));
    const { paint } = context.output;
    context.output.result(result, () => [
      result.ok
        ? paint(
            "green",
            `It works: ${name} would open ${result.resource} (${result.level}) for one hour. No access was given.`,
          )
        : paint("red", `A session on ${result.resource} could not have been opened:`),
      ...result.problems.map((problem) => `  - ${problem}`),
    ]);
    return result.ok ? undefined : EXIT_CODES.check_failed.code;
  },
});
