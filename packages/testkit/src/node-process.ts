import { type ChildProcess, spawn } from "node:child_process";
import { findCommand } from "./command.ts";

export interface NodeProcessOptions {
  readonly args?: readonly string[];
  /** Added to this process's environment; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Arguments of node itself, before the program. */
  readonly nodeArgs?: readonly string[];
}

export interface NodeProcess extends AsyncDisposable {
  readonly pid: number;
  /** All that was written so far. */
  readonly output: { readonly stdout: string; readonly stderr: string };
  /**
   * Resolves to the match of the first line (of both outputs, past ones included) that matches. Rejects with all the
   * output when the process ends first, or after `within` milliseconds (default 20 000).
   */
  line(pattern: RegExp, within?: number): Promise<RegExpExecArray>;
  /** Resolves when the process has ended: its exit code, or the signal that ended it. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  kill(signal?: NodeJS.Signals): void;
  /** SIGTERM, then SIGKILL after 5 s; resolves when it is gone. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Runs a TypeScript or JavaScript program with the Node that runs the tests. On Linux the kernel ends it when the test
 * process dies.
 */
export function spawnNode(program: string, options: NodeProcessOptions = {}): NodeProcess {
  const node = [...(options.nodeArgs ?? []), program, ...(options.args ?? [])];
  const setpriv = process.platform === "linux" ? findCommand("setpriv") : undefined;
  const [file, args] = setpriv ? [setpriv, ["--pdeathsig=TERM", process.execPath, ...node]] : [process.execPath, node];
  const env = { ...process.env, ...options.env };
  const child = spawn(file, args, { env, stdio: ["ignore", "pipe", "pipe"], cwd: options.cwd });
  return observe(child, program);
}

function observe(child: ChildProcess, program: string): NodeProcess {
  const output = { stdout: "", stderr: "" };
  let changed = Promise.withResolvers<void>();
  let ended = false;
  const tick = () => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
      tick();
    });
  }
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      ended = true;
      tick();
      resolve({ code, signal });
    });
  });
  const failure = (why: string) => new Error(`${program} ${why}\n${output.stdout}${output.stderr}`);
  const line = async (pattern: RegExp, within = 20_000) => {
    const deadline = AbortSignal.timeout(within);
    const late = new Promise<never>((_, reject) => {
      deadline.addEventListener("abort", () => reject(failure(`wrote no line like ${pattern} within ${within} ms`)));
    });
    late.catch(() => {});
    for (;;) {
      const found = firstMatch(output, pattern);
      if (found !== null) return found;
      if (ended) throw failure(`ended without a line like ${pattern}`);
      await Promise.race([changed.promise, late]);
    }
  };
  const kill = (signal: NodeJS.Signals = "SIGTERM") => void (ended || child.kill(signal));
  const stop = async () => {
    kill("SIGTERM");
    const timer = setTimeout(() => kill("SIGKILL"), 5_000);
    await exited.finally(() => clearTimeout(timer));
  };
  return { pid: child.pid ?? 0, output, line, exited, kill, stop, [Symbol.asyncDispose]: stop };
}

function firstMatch(output: { stdout: string; stderr: string }, pattern: RegExp): RegExpExecArray | null {
  for (const text of `${output.stdout}\n${output.stderr}`.split("\n")) {
    const found = new RegExp(pattern.source, pattern.flags.replace("g", "")).exec(text);
    if (found !== null) return found;
  }
  return null;
}
