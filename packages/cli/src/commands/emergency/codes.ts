import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { noteWaiting } from "../../output/note-waiting.ts";

export const codes = defineCommand<[name: string]>({
  summary: "Make new codes of an emergency identity; the old ones open nothing any more",
  configure: (command) => command.argument("<name>", "the identity"),
  examples: ["tw emergency codes night"],
  run: async (context, _options, name) => {
    const call = { params: { path: { name } } };
    const made = await answer((await context.api()).POST("/v1/emergency/identities/{name}/codes", call));
    context.output.result(made, () => codeLines(made));
    noteWaiting(context, made.waitsFor);
    return undefined;
  },
});

/** For paper in a safe: they are shown once. */
export function codeLines({
  name,
  codes: shown,
}: {
  readonly name: string;
  readonly codes: readonly string[];
}): string[] {
  return [
    `Codes of the emergency identity ${name}. Each opens once. They are not shown again:`,
    "print them, and keep them where they can be reached when everything else cannot.",
    "",
    ...shown.map((code, index) => `  ${index + 1}  ${code}`),
    "",
    `To use one: tw emergency use ${name} --reason "..."     To try it: tw emergency drill ${name} --reason "..."`,
  ];
}
