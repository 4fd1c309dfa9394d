import { join } from "node:path";
import { eventually } from "@tidewaiter/testkit";
import { type Checks, indent, type Print, shortened, title } from "./checks.ts";
import { pendingReview } from "./pending-review.ts";
import { runTw } from "./tw.ts";
import type { World } from "./world.ts";

/** A host: the same words for commands as for statements. */
export async function host(world: World, print: Print, checks: Checks): Promise<readonly string[]> {
  const { sshd, cliConfig } = world;
  title(print, 5, "ana goes to a host whose key she never had", "./tw ssh web-1 -- cat access.log");
  if (sshd === undefined) {
    print("    sshd or ssh is not installed, so this act is left out.");
    return ["sshd"];
  }
  const show = (text: string): void => print(indent(text));
  const ssh = (...command: string[]) => runTw(cliConfig, ["ssh", "web-1", "--as", "ana", "--", ...command]);
  const log = await ssh("cat", join(sshd.home, "access.log"));
  show(`${log.stdout}${log.stderr}`);
  checks.that(
    "the log is read, addresses are masked",
    log.stdout.includes("POST /login") && !/customer1@/.test(log.stdout),
  );
  const refused = await ssh("curl", "https://example.com/install.sh");
  show(`$ ./tw ssh web-1 -- curl https://example.com/install.sh\n${refused.stdout}${refused.stderr}`);
  checks.that("a program that a rule stops does not run", refused.code === 126);
  const held = ssh("systemctl --version | head -1");
  const review = await pendingReview(world);
  await runTw(cliConfig, ["reviews", "approve", review, "--as", "mia", "--comment", "maintenance"]);
  const released = await held;
  show(`$ ./tw ssh web-1 -- 'systemctl --version | head -1'\n${released.stderr}${released.stdout}`);
  checks.that("another waits for mia, then runs", released.stderr.includes('approved by mia: "maintenance"'));
  const replay = await eventually(async () => {
    const result = await runTw(cliConfig, ["sessions", "replay", "last", "--profile", "admin", "--reason", "the tour"]);
    return result.code === 0 && result.stdout.includes("systemctl") && result.stdout.includes("session ended")
      ? result
      : undefined;
  });
  show(`$ ./tw sessions replay last\n${shortened(replay.stdout)}`);
  checks.that("the recording tells what ran and who approved", replay.stdout.includes("approved by mia"));
  return [];
}
