import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { parseDuration } from "../../input/duration.ts";
import { noteWaiting } from "../../output/note-waiting.ts";
import { utc } from "../../output/times.ts";

interface Options {
  readonly ttl: string;
  readonly overlap: string;
}

export const rotate = defineCommand<[key: string], Options>({
  summary: "Make a successor of an API key with the same limits; the old one ends after the overlap",
  configure: (command) =>
    command
      .argument("<key>", "id or name, as in: tw api-keys list")
      .requiredOption("--ttl <duration>", "how long the new one is good, such as 30d")
      .option("--overlap <duration>", "how long the old one stays good", "1d"),
  examples: ["tw api-keys rotate deploy --ttl 30d", "tw api-keys rotate deploy --ttl 30d --overlap 1h"],
  run: async (context, options, id) => {
    const body = {
      ttlSeconds: parseDuration(options.ttl, "--ttl"),
      overlapSeconds: parseDuration(options.overlap, "--overlap"),
    };
    const api = await context.api();
    const made = await answer(api.POST("/v1/api-keys/{id}/rotate", { params: { path: { id } }, body }));
    context.output.result(made, () => [made.key]);
    noteWaiting(context, made.waitsFor);
    context.output.note(`API key ${made.id} until ${utc(made.expiresAt)}; the old one ends in ${options.overlap}.`);
    return undefined;
  },
});
