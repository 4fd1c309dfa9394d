import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { appendFileSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unprivileged } from "../unprivileged.ts";

export interface ServerCommand {
  readonly binDir: string;
  readonly dataDir: string;
  readonly socketDir: string;
  readonly port: number;
  readonly logFile: string;
  readonly arguments: readonly string[];
}

export interface ServerProcess {
  readonly pid: number;
  /** Signals the postmaster and waits until it is gone. */
  end(signal: NodeJS.Signals): Promise<void>;
  /** Signals the postmaster, then every process it has: with the postmaster stopped first there will be no more of them. */
  signalAll(signal: NodeJS.Signals): void;
}

/** What follows is "connections", or "read-only connections" at a standby. */
const readyLine = "database system is ready to accept ";

/** Starts the postmaster and resolves when it accepts connections; rejects with its log when it ends before. */
export function startServerProcess(command: ServerCommand): Promise<ServerProcess> {
  const [file, args] = unprivileged(join(command.binDir, "postgres"), [
    "-D",
    command.dataDir,
    "-p",
    String(command.port),
    "-k",
    command.socketDir,
    ...command.arguments,
  ]);
  const child = spawn(file, args, { cwd: tmpdir(), stdio: ["ignore", "ignore", "pipe"] });
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const stopWithUs = () => child.kill("SIGINT");
  process.once("exit", stopWithUs);
  child.once("close", () => process.off("exit", stopWithUs));
  return new Promise((resolve, reject) => {
    let started = "";
    child.once("error", reject);
    child.stderr?.on("data", (chunk: Buffer) => {
      appendFileSync(command.logFile, chunk);
      if (started === readyLine) return;
      started += chunk.toString();
      if (!started.includes(readyLine)) return;
      started = readyLine;
      resolve(running(child, closed));
    });
    child.once("close", () => reject(new Error(`PostgreSQL did not start:\n${tail(command.logFile)}`)));
  });
}

function running(child: ChildProcess, closed: Promise<void>): ServerProcess {
  return {
    pid: child.pid ?? 0,
    async end(signal) {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await closed;
    },
    signalAll(signal) {
      child.kill(signal);
      for (const pid of childrenOf(child.pid ?? 0)) process.kill(pid, signal);
    },
  };
}

function childrenOf(parent: number): number[] {
  const processes = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  return processes
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([pid, itsParent]) => (itsParent === parent && pid !== undefined ? [pid] : []));
}

function tail(logFile: string): string {
  try {
    return readFileSync(logFile, "utf8").trim().split("\n").slice(-12).join("\n");
  } catch {
    return "(no log)";
  }
}
