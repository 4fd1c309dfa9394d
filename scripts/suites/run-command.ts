import { spawn } from "node:child_process";
import { failed, type Outcome, passed, type SuiteOptions } from "./outcome.ts";

export interface Finished {
  /** Exit code; 128 and more when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  /** Both outputs in the order in which they came. */
  readonly output: string;
}

/** No suite may hang the whole run: it is ended after this many milliseconds (doubled for `--long`). */
const limit = 12 * 60_000;

/** Runs a command in the root of the repository and captures what it writes. */
export function runCommand(options: SuiteOptions, command: readonly string[], env = {}): Promise<Finished> {
  const [file = "", ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: options.root,
      env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let output = "";
    const stop = () => child.kill("SIGTERM");
    const timer = setTimeout(
      () => {
        output += `\nended: it ran for more than ${limit / 60_000} minutes\n`;
        stop();
      },
      options.long ? 2 * limit : limit,
    );
    options.signal.addEventListener("abort", stop, { once: true });
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(timer);
      options.signal.removeEventListener("abort", stop);
      resolve({ code: code ?? 128, stdout, output });
    });
  });
}

/** A command that is one test: it passes when it exits with 0. */
export async function oneCheck(options: SuiteOptions, command: readonly string[]): Promise<Outcome> {
  const { code, output } = await runCommand(options, command);
  return code === 0 ? passed() : failed(`${command.join(" ")} (exit code ${code})\n${lastLines(output, 60)}`);
}

export function lastLines(text: string, count: number): string {
  return text.trimEnd().split("\n").slice(-count).join("\n");
}
