import { spawn } from "node:child_process";
import { chownSync, copyFileSync, linkSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { reachableByOthers, runAs, unprivileged } from "../unprivileged.ts";

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 5_000;

export interface ServerProcess {
  readonly port: number;
  readonly pid: number;
  readonly log: () => string;
  stop(): Promise<void>;
}

/**
 * Runs the Go program until it says that it is ready. On Linux it ends with the process that started it. Started by root it, and
 * so every process of a pod, is of a user who owns nothing but the folder.
 */
export async function startServer(program: string, folder: string, flags: readonly string[]): Promise<ServerProcess> {
  const runnable = runAs().switched ? handOver(folder, program) : program;
  const [file, args] = unprivileged(runnable, ["--folder", folder, "--", ...flags], "TERM");
  const child = spawn(file, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
    child.once("error", () => resolve());
  });
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
    await ended.finally(() => clearTimeout(timer));
  };
  const ready = new Promise<number>((resolve) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      const port = /^ready (\d+)$/m.exec(output)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), START_LIMIT_MS);
  });
  const port = await Promise.race([ready, late, ended.then(() => undefined)]);
  clearTimeout(timer);
  if (port === undefined) {
    await stop();
    throw new Error(`Kubernetes did not start: ${log.slice(-4_000)}`);
  }
  return { port, pid: child.pid ?? 0, log: () => log, stop };
}

/** Gives the folder to the user that the server runs as, with a program that this user can reach. */
function handOver(folder: string, program: string): string {
  const { uid, gid } = runAs();
  for (const name of ["", ...readdirSync(folder, { recursive: true, encoding: "utf8" })])
    chownSync(join(folder, name), uid, gid);
  if (reachableByOthers(program)) return program;
  const own = join(folder, "server");
  try {
    linkSync(program, own);
  } catch {
    copyFileSync(program, own); // another file system
  }
  return own;
}
