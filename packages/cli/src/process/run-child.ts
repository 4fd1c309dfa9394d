import { spawn } from "node:child_process";
import { constants } from "node:os";
import type { Variables } from "../environment.ts";
import { CliError, systemCode } from "../errors.ts";

export interface ChildOptions {
  /** All of the child's environment. */
  readonly variables: Variables;
  /** Shown when there is no such program. */
  readonly missing?: { readonly why: string; readonly next: string };
}

const PASSED_ON = ["SIGTERM", "SIGHUP"] as const;
/** A terminal sends these to the child itself; what it does about them is its matter. */
const FROM_TERMINAL = ["SIGINT", "SIGQUIT"] as const;

/**
 * Runs a program on our terminal to its end. Resolves to its exit code, or 128 + the number of the signal that ended
 * it, as a shell does. @throws CliError `missing_program`
 */
export function runChild(file: string, args: readonly string[], options: ChildOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, [...args], { stdio: "inherit", env: { ...options.variables } });
    const passOn = (signal: NodeJS.Signals) => void child.kill(signal);
    const fromTerminal = process.stdin.isTTY ? () => {} : passOn;
    for (const signal of PASSED_ON) process.on(signal, passOn);
    for (const signal of FROM_TERMINAL) process.on(signal, fromTerminal);
    const release = () => {
      for (const signal of PASSED_ON) process.off(signal, passOn);
      for (const signal of FROM_TERMINAL) process.off(signal, fromTerminal);
    };
    child.once("error", (cause) => {
      release();
      reject(startError(file, cause, options));
    });
    child.once("close", (code, signal) => {
      release();
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}

function startError(file: string, cause: unknown, { missing }: ChildOptions): CliError {
  if (systemCode(cause) === "ENOENT") {
    return new CliError("missing_program", `${file} is not installed`, {
      ...(missing ?? { why: "it is not in PATH", next: `Install ${file}, or give its full path.` }),
      cause,
    });
  }
  return new CliError("failure", `${file} cannot be started`, { why: systemCode(cause) ?? String(cause), cause });
}
