import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { tempDir } from "@tidewaiter/testkit";
import type { Program } from "../toolchains.ts";

/** A host that one user can log in to. */
export interface SshHost extends AsyncDisposable {
  readonly port: number;
  readonly user: string;
  /** Of that user, in OpenSSH's PEM. */
  readonly privateKey: string;
  /** As in known_hosts: type and base64. */
  readonly hostKey: string;
  /** A folder for files. */
  readonly home: string;
}

/** A client's program as a host: with the argument `serve` its first line is what an SshHost is, in JSON. */
export async function startProgramHost({ file, args, env }: Program): Promise<SshHost> {
  const home = tempDir("ssh-host");
  const child = spawn(file, [...args, "serve"], {
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const stop = async (): Promise<void> => {
    // it ends with its standard input
    child.stdin.end();
    await exited;
    await home.remove();
  };
  const line = once(createInterface(child.stdout), "line") as Promise<[string]>;
  const [said] = await Promise.race([line, exited.then(() => [undefined] as const)]);
  if (said === undefined) {
    await home.remove();
    throw new Error(`${file} serve has ended before it listened`);
  }
  const host = JSON.parse(said) as Omit<SshHost, "home" | keyof AsyncDisposable>;
  return { ...host, home: home.path, [Symbol.asyncDispose]: stop };
}
