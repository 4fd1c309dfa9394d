import { escapeText } from "@tidewaiter/core/recording/escape-text";
import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { EXIT_CODES } from "../../exit-codes.ts";
import { findSession } from "./find-session.ts";

export const verify = defineCommand<[id: string]>({
  summary: "Is the recording of a session complete and untouched?",
  configure: (command) => command.argument("<id>", "its id, or `last`"),
  examples: ["tw sessions verify last"],
  notes: "Exit code 9 when a segment was changed, removed, reordered or cut.",
  run: async (context, _options, given) => {
    const api = await context.api();
    const { id } = await findSession(api, given);
    const result = await answer(api.GET("/v1/sessions/{id}/recording/verify", { params: { path: { id } } }));
    const { paint } = context.output;
    const problems = result.problems.map((problem) => `  ${escapeText(problem)}`);
    context.output.result({ session: id, ...result }, () => {
      if (!result.ok) return [paint("red", `${id}: NOT whole`), ...problems];
      const tail = result.tail === "complete" ? "complete" : "so far; the session has not ended";
      const segments = `${result.segments} ${result.segments === 1 ? "segment" : "segments"}`;
      return [`${paint("green", "untouched")}: ${id}, ${segments}, ${tail}`, ...problems];
    });
    return result.ok ? undefined : EXIT_CODES.check_failed.code;
  },
});
