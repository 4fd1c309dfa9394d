import type { SessionView } from "../../api/shapes.ts";
import { defineCommand } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { fields } from "../../output/table.ts";
import { utc } from "../../output/times.ts";
import { findSession } from "./find-session.ts";

export const show = defineCommand<[id: string]>({
  summary: "Show a session: who, where, through what, and how much",
  configure: (command) => command.argument("<id>", "its id, or `last`"),
  examples: ["tw sessions show last", "tw sessions show ses_01hx5tq8v2m4k6n8p0r2t4w6y8"],
  run: async (context, _options, id) => {
    const session = await findSession(await context.api(), id);
    context.output.result(session, () => sessionLines(session, context));
    return undefined;
  },
});

function sessionLines(session: SessionView, { output }: CommandContext): string[] {
  const { counters, onBehalfOf } = session;
  return fields(
    [
      ["session", session.id],
      ["state", session.state === "live" ? "live" : `ended: ${session.endReason ?? ""}`],
      ["who", `${session.principal} (${session.kind}${onBehalfOf === null ? "" : ` for ${onBehalfOf}`})`],
      ["resource", `${session.resource} (${session.protocol}) at level ${session.level}`],
      ["from", session.application === null ? session.client : `${session.client} with ${session.application}`],
      ["through", `agent ${session.agent}, gateway ${session.gateway}`],
      [
        "detail",
        Object.entries(session.detail)
          .map(([name, value]) => `${name}=${value}`)
          .join(" "),
      ],
      ["policy", `version ${session.policyVersion}`],
      ["started", utc(session.startedAt)],
      ["ended", session.endedAt === null ? null : utc(session.endedAt)],
      ["statements", `${counters.statements}, ${counters.refused} refused, ${counters.held} held`],
      ["rows", counters.rows],
      ["bytes", `${counters.bytesToClient} to the client, ${counters.bytesToTarget} to the target`],
    ],
    output.paint,
  );
}
