import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { findSession } from "./find-session.ts";

interface Options {
  readonly reason: string;
}

export const kill = defineCommand<[id: string], Options>({
  summary: "End a live session within seconds; its client is told the reason",
  configure: (command) =>
    command
      .argument("<id>", "its id, or `last`")
      .option("--reason <text>", "shown to the client and recorded", "ended by an administrator"),
  examples: ['tw sessions kill ses_01hx5tq8v2m4k6n8p0r2t4w6y8 --reason "wrong database"'],
  run: async (context, options, id) => {
    const api = await context.api();
    const { id: found } = await findSession(api, id);
    const call = api.POST("/v1/sessions/{id}/kill", {
      params: { path: { id: found } },
      body: { reason: options.reason },
    });
    const session = await answer(call);
    context.output.result(session, () => [
      session.state === "live"
        ? `Session ${session.id} of ${session.principal} ends within seconds.`
        : `Session ${session.id} of ${session.principal} has ended.`,
    ]);
    return undefined;
  },
});
