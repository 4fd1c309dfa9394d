import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand, tempDir } from "@tidewaiter/testkit";

export interface RealAgent extends AsyncDisposable {
  /** For `ssh -A`. */
  readonly env: { readonly SSH_AUTH_SOCK: string };
  /** As ssh-add lists it: of the one key. */
  readonly fingerprint: string;
  /** Line of a .pub file. */
  readonly publicKey: string;
}

/** OpenSSH's own agent, with one key. `options` of ssh-add restrict it. */
export async function startAgent(privateKey: string, options: readonly string[] = []): Promise<RealAgent> {
  const folder = tempDir("ssh-agent");
  const socket = join(folder.path, "socket");
  const started = await runCommand("ssh-agent", ["-s", "-a", socket]);
  const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(started.stdout)?.[1]);
  const file = join(folder.path, "key");
  writeFileSync(file, privateKey, { mode: 0o600 });
  const env = { SSH_AUTH_SOCK: socket };
  await runCommand("ssh-add", ["-q", ...options, file], { env });
  const listed = (await runCommand("ssh-add", ["-l"], { env })).stdout;
  return {
    env,
    fingerprint: listed.split(" ")[1] ?? "",
    publicKey: (await runCommand("ssh-add", ["-L"], { env })).stdout,
    async [Symbol.asyncDispose]() {
      process.kill(pid);
      await folder.remove();
    },
  };
}
