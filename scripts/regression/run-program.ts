import { spawnSync } from "node:child_process";

/** Runs a program of the machine to its end; what it wrote to stdout, or undefined when it failed or is not there. */
export function run(
  file: string,
  args: readonly string[],
  { cwd, env = {} }: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): string | undefined {
  const done = spawnSync(file, [...args], {
    cwd,
    env: { ...process.env, ...env },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
    maxBuffer: 64 * 1024 * 1024,
  });
  return done.status === 0 ? done.stdout : undefined;
}
