import { spawn } from "node:child_process";
import { eventually } from "./eventually.ts";

type Environment = Record<string, string | undefined>;

/** A program that is typed into. Dispose of it, or wait for `closed`. */
export interface Interactive {
  /** All that it has written so far. */
  readonly told: { readonly stdout: string; readonly stderr: string };
  /** Its exit code, or null when a signal ended it. */
  readonly closed: Promise<number | null>;
  /** Waits up to 15 s for text on its standard output, behind what was seen before. */
  see(text: string): Promise<true>;
  type(text: string): void;
  /** Ends what is typed. */
  end(): void;
  /** Sends a signal; by default what Ctrl-C in a terminal of its own would send. */
  leave(signal?: NodeJS.Signals): void;
  [Symbol.dispose](): void;
}

/** Starts a program with pipes; `env` comes on top of the environment of the tests. */
export function interactive(file: string, args: readonly string[], env: Environment = {}): Interactive {
  const child = spawn(file, [...args], { stdio: "pipe", env: { ...process.env, ...env } });
  const told = { stdout: "", stderr: "" };
  // it may have ended before it has read what is typed
  child.stdin.on("error", () => {});
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (text: string) => {
      told[name] += text;
    });
  let seen = 0;
  const see = (text: string): Promise<true> =>
    eventually(
      () => {
        const at = told.stdout.indexOf(text, seen);
        if (at < 0) throw new Error(`not seen: ${text} in ${JSON.stringify(told.stdout.slice(seen))} ${told.stderr}`);
        seen = at + text.length;
        return true as const;
      },
      { within: 15_000, on: [[child.stdout, "data"]] },
    );
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
  return {
    told,
    closed,
    see,
    type: (text) => void child.stdin.write(text),
    end: () => void child.stdin.end(),
    leave: (signal = "SIGINT") => void child.kill(signal),
    [Symbol.dispose]: () => void child.kill("SIGKILL"),
  };
}

/** Starts a program in a terminal of its own, which `script` makes (util-linux); its standard error is shown there too. */
export function interactiveInTerminal(
  file: string,
  args: readonly string[],
  { rows = 30, columns = 100, env }: { rows?: number; columns?: number; env?: Environment } = {},
): Interactive {
  const command = [file, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  return interactive("script", ["-qefc", `stty rows ${rows} cols ${columns}; exec ${command}`, "/dev/null"], env);
}
