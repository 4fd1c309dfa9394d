import { eventually } from "@tidewaiter/testkit";
import { runTw } from "./tw.ts";
import type { World } from "./world.ts";

/** The short id of what waits for mia, once something does. */
export async function pendingReview({ cliConfig }: World): Promise<string> {
  return eventually(async () => {
    const result = await runTw(cliConfig, ["reviews", "list", "--as", "mia", "--json"]);
    return /"shortId":\s*"(\w+)"/.exec(result.stdout)?.[1];
  });
}
