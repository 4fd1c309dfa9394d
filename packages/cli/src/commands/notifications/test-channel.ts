import { setTimeout as delay } from "node:timers/promises";
import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";

const LOOK_EACH_MS = 250;
const WAIT_MS = 20_000;

export const testChannel = defineCommand<[channel: string], Record<string, never>>({
  summary: "Send a test by a channel, and say what became of it",
  configure: (command) => command.argument("<channel>", "the name of the channel"),
  examples: ["tw notifications test oncall"],
  notes: "By a mail channel for those who are asked, the test goes to you: to the attribute email of your principal.",
  run: async (context, _options, name) => {
    const api = await context.api();
    const path = { name };
    const { notifications } = await answer(api.POST("/v1/notification-channels/{name}/test", { params: { path } }));
    const until = performance.now() + WAIT_MS;
    for (;;) {
      const query = { id: notifications.join(",") };
      const result = await answer(api.GET("/v1/notifications", { params: { query } }));
      const failed = result.notifications.find(({ state, lastError }) => state !== "sent" && lastError !== null);
      if (failed !== undefined) {
        throw new CliError("unavailable", `the test by ${name} did not arrive: ${failed.lastError}`, {
          ...(failed.state === "waiting" && { why: "it is tried again for ten minutes" }),
          next: "tw notifications list",
        });
      }
      if (result.notifications.length > 0 && result.notifications.every(({ state }) => state === "sent")) {
        context.output.result(result, () => [`Sent: ${name} took the test.`]);
        return undefined;
      }
      if (performance.now() >= until) {
        throw new CliError("unavailable", `the test by ${name} waits still`, {
          next: `tw notifications list --channel ${name}`,
        });
      }
      await delay(LOOK_EACH_MS);
    }
  },
});
