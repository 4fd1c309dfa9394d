import { fileURLToPath } from "node:url";
import { type CommandResult, runCommand } from "@tidewaiter/testkit";

const CLI = fileURLToPath(new URL("../../packages/cli/bin/tidewaiter.js", import.meta.url));

/** The CLI of this checkout with a configuration directory of its own. */
export function runTw(configDirectory: string, args: readonly string[], input?: string): Promise<CommandResult> {
  return runCommand(process.execPath, [CLI, ...args], {
    env: { TIDEWAITER_CONFIG_DIR: configDirectory, NO_COLOR: "1" },
    ...(input !== undefined && { input }),
  });
}
