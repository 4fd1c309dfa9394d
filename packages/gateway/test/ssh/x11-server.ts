import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { hasCommand, runCommand, tempDir } from "@tidewaiter/testkit";

export interface RealScreen extends AsyncDisposable {
  /** For `ssh -X`. */
  readonly env: { readonly DISPLAY: string; readonly XAUTHORITY: string };
}

/** What an X server without a screen, and a client of it, need; undefined = nothing is missing. */
export function xMissing(): string | undefined {
  const missing = ["Xvfb", "xauth", "xdpyinfo"].filter((name) => !hasCommand(name));
  return missing.length === 0 ? undefined : missing.join(", ");
}

/** Xvfb on a display of its own choice. It lets in only who knows its cookie. */
export async function startScreen(): Promise<RealScreen> {
  const folder = tempDir("xvfb");
  const authority = join(folder.path, "authority");
  const XAUTHORITY = authority;
  const cookie = randomBytes(16).toString("hex");
  // the display is not known yet; a server takes any cookie of its file
  await runCommand("xauth", ["add", ":0", ".", cookie], { env: { XAUTHORITY } });
  const args = ["-displayfd", "3", "-auth", authority, "-nolisten", "tcp", "-screen", "0", "640x480x24"];
  const server = spawn("Xvfb", args, { stdio: ["ignore", "ignore", "ignore", "pipe"] });
  const [number] = (await once(server.stdio[3] as NodeJS.ReadableStream, "data")) as [Buffer];
  const DISPLAY = `:${number.toString().trim()}`;
  await runCommand("xauth", ["add", DISPLAY, ".", cookie], { env: { XAUTHORITY } });
  return {
    env: { DISPLAY, XAUTHORITY },
    async [Symbol.asyncDispose]() {
      const exited = once(server, "exit");
      server.kill();
      await exited;
      await folder.remove();
    },
  };
}
