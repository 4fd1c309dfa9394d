import { access } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Passed } from "../commands/table.ts";
import type { Variables } from "../environment.ts";
import { CliError } from "../errors.ts";
import { runChild } from "./run-child.ts";

const PROGRAMS: Readonly<Record<Passed["program"], string>> = {
  server: "../../../server/bin/tidewaiter-server.js",
  agent: "../../../agent/bin/tidewaiter-agent.js",
};

/** Runs the executable of the server's or the agent's package in place of this one. */
export async function runPassed(passed: Passed, args: readonly string[], variables: Variables): Promise<number> {
  const program = fileURLToPath(new URL(PROGRAMS[passed.program], import.meta.url));
  try {
    await access(program);
  } catch (cause) {
    throw new CliError("missing_program", `the ${passed.program} is not part of this installation`, {
      why: `there is no ${program}`,
      next: `Install it, then run tidewaiter-${passed.program} itself.`,
      cause,
    });
  }
  const node = [process.execPath, program, ...passed.before, ...args];
  // The program takes our place: signals and the process id are its own, as a supervisor expects.
  if (typeof process.execve === "function") process.execve(process.execPath, node, { ...variables });
  return runChild(process.execPath, node.slice(1), { variables });
}
