import { fileURLToPath } from "node:url";
import { type CommandOptions, type CommandResult, runCommand } from "@tidewaiter/testkit";

export const BIN = fileURLToPath(new URL("../bin/tidewaiter.js", import.meta.url));

/** What else than HOME may lead the CLI, or a libpq that it starts, to files of whoever runs the tests. */
const ELSEWHERE = [
  "XDG_CONFIG_HOME",
  "XDG_RUNTIME_DIR",
  "TIDEWAITER_CONFIG_DIR",
  "TIDEWAITER_PROFILE",
  "PGSERVICEFILE",
  "PGPASSFILE",
];

/** Variables of somebody whose files are all in `home`; undefined: not set. */
export function personOf(home: string): Record<string, string | undefined> {
  return { ...Object.fromEntries(ELSEWHERE.map((name) => [name, undefined])), HOME: home, PAGER: "cat" };
}

/** Runs the CLI as its users do, as the person whose files are in `home`; `env` comes on top. */
export function tw(home: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return runCommand(process.execPath, [BIN, ...args], { ...options, env: { ...personOf(home), ...options.env } });
}
