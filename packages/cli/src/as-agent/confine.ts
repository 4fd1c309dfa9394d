import { execFile } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { promisify } from "node:util";
import type { Environment } from "../environment.ts";
import { CliError } from "../errors.ts";
import type { AgentHome } from "./agent-home.ts";

export const CONFINEMENTS = ["auto", "always", "never"] as const;
export type Confinement = (typeof CONFINEMENTS)[number];

interface Program {
  readonly file: string;
  readonly args: readonly string[];
}

const run = promisify(execFile);
/** All of the system as it is, in namespaces of its own: does that work here at all? */
const PROBE = ["--dev-bind", "/", "/", "--unshare-pid", "--proc", "/proc", "true"];

export function parseConfinement(text: string): Confinement {
  const found = CONFINEMENTS.find((known) => known === text);
  if (found !== undefined) return found;
  throw new CliError("usage", `--confine ${text}: not one of ${CONFINEMENTS.join(", ")}`);
}

/** Why a child cannot be confined here, or undefined. */
export async function confinementProblem(): Promise<string | undefined> {
  if (process.platform !== "linux") return "confining a child needs Linux";
  try {
    await run("bwrap", PROBE, { timeout: 10_000 });
    return undefined;
  } catch (error) {
    const missing = (error as { code?: unknown }).code === "ENOENT";
    return missing ? "bubblewrap (bwrap) is not installed" : "bubblewrap may make no namespaces here";
  }
}

/**
 * The program in a mount and a process namespace of its own (bubblewrap): the person's tokens and connection secrets
 * are not there, nor the processes that hold them, nor the directories of other agents. It stays the same Unix user and
 * sees everything else.
 */
export function confined(program: Program, person: Environment, home: AgentHome): Program {
  const hidden = secretPlaces(person).filter((path) => existsSync(path));
  const hide = hidden.flatMap((path) =>
    statSync(path).isDirectory() ? ["--tmpfs", path] : ["--ro-bind", "/dev/null", path],
  );
  return {
    file: "bwrap",
    args: [
      ...["--die-with-parent", "--cap-drop", "ALL", "--dev-bind", "/", "/", "--unshare-pid", "--proc", "/proc"],
      ...hide,
      ...["--tmpfs", home.base, "--bind", home.directory, home.directory],
      // a child with our terminal could type into it for the person's shell; without one it needs none
      ...(process.stdin.isTTY ? [] : ["--new-session"]),
      ...["--", program.file, ...program.args],
    ],
  };
}

/**
 * Where the CLI keeps what a person is known by, where it is told to and where it would be by default; and the person's
 * SSH keys and SSH agent, which can be registered with the gateway; and what kubectl would use.
 */
export function secretPlaces({
  configDir,
  serviceFile,
  passFile,
  kubeconfigs,
  home,
  variables,
}: Environment): readonly string[] {
  const agent = variables.SSH_AUTH_SOCK;
  return [
    ...new Set([
      configDir,
      join(home, ".config", "tidewaiter"),
      passFile,
      join(home, ".pgpass"),
      serviceFile,
      join(home, ".pg_service.conf"),
      join(home, ".ssh"),
      ...kubeconfigs.filter((path) => isAbsolute(path)),
      join(home, ".kube"),
      ...(agent !== undefined && isAbsolute(agent) ? [agent] : []),
    ]),
  ];
}
