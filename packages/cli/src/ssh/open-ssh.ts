import { execFile } from "node:child_process";
import { mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { answer } from "../api/client.ts";
import { withLock } from "../config/file-lock.ts";
import { makePrivateDir, readPrivateFile, writePrivateFile } from "../config/private-file.ts";
import type { CommandContext } from "../context.ts";
import { CliError, systemCode } from "../errors.ts";

/** How the gateway's SSH listener is reached, and with which key. */
export interface SshAccess {
  readonly host: string;
  readonly port: number;
  readonly identityFile: string;
  readonly knownHostsFile: string;
  readonly expiresAt: string;
}

/** The gateway's name in known_hosts, whatever its address. */
export const HOST_KEY_ALIAS = "tidewaiter-gateway";
/** A key that ends sooner is replaced before it is used. */
const RENEW_BEFORE_MS = 5 * 60_000;

interface KeyState {
  readonly expiresAt: string;
  readonly principal: string;
  readonly server: string;
}

/**
 * A key of this machine's own, registered for `ttlSeconds`, and the gateway's host key. A key that lasts long enough is
 * used again. @throws CliError when the server has no SSH listener, or ssh-keygen is missing
 */
export async function openSsh(context: CommandContext, ttlSeconds: number): Promise<SshAccess> {
  const api = await context.api();
  const profile = await context.profile();
  const { endpoints } = await answer(api.GET("/v1/me"));
  if (endpoints.ssh === undefined)
    throw new CliError("unavailable", "the server has no listener for SSH", {
      next: "Its administrator starts it with --ssh HOST:PORT.",
    });
  const { host, port, hostKey } = endpoints.ssh;
  const folder = join(context.env.configDir, "ssh", profile.name);
  const identityFile = join(folder, "id_ed25519");
  const knownHostsFile = join(folder, "known_hosts");
  const expiresAt = await withLock(context.env.configDir, async () => {
    await makePrivateDir(join(context.env.configDir, "ssh"));
    await makePrivateDir(folder);
    await writePrivateFile(knownHostsFile, `${HOST_KEY_ALIAS} ${hostKey}\n`);
    const stateFile = join(folder, "key.json");
    const known = parseState(await readPrivateFile(stateFile));
    const { principal, server } = profile;
    const lasts = known !== undefined && Date.parse(known.expiresAt) - context.now() > RENEW_BEFORE_MS;
    if (lasts && known.principal === principal && known.server === server && (await hasKey(identityFile)))
      return known.expiresAt;
    const publicKey = await makeKey(folder, identityFile);
    const made = await answer(api.POST("/v1/connection-secrets/ssh-keys", { body: { publicKey, ttlSeconds } }));
    const state: KeyState = { expiresAt: made.expiresAt, principal, server };
    await writePrivateFile(stateFile, `${JSON.stringify(state)}\n`);
    return made.expiresAt;
  });
  return { host, port, identityFile, knownHostsFile, expiresAt };
}

/** Options of ssh, scp and sftp, so that nothing but our key is tried and nothing but our gateway is trusted. */
export function sshOptions({ identityFile, knownHostsFile }: SshAccess): readonly string[] {
  return Object.entries({
    IdentityFile: quoted(identityFile),
    IdentitiesOnly: "yes",
    UserKnownHostsFile: quoted(knownHostsFile),
    HostKeyAlias: HOST_KEY_ALIAS,
    StrictHostKeyChecking: "yes",
  }).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
}

/** ssh_config(5): an argument with spaces stands in double quotes. */
export function quoted(path: string): string {
  return /[\s"]/.test(path) ? `"${path.replaceAll('"', '\\"')}"` : path;
}

async function hasKey(file: string): Promise<boolean> {
  return (await readPrivateFile(file)) !== undefined;
}

function parseState(text: string | undefined): KeyState | undefined {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as KeyState);
  } catch {
    // written by hand, or torn: a new key is made
    return undefined;
  }
}

/** Made beside its place and moved there whole: a client that runs at this moment finds the old or the new one. */
async function makeKey(folder: string, file: string): Promise<string> {
  const temporary = await mkdtemp(join(folder, "new-"));
  const made = join(temporary, "key");
  try {
    await promisify(execFile)("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "tidewaiter", "-f", made]);
    const publicKey = (await readFile(`${made}.pub`, "utf8")).trim();
    await rename(`${made}.pub`, `${file}.pub`);
    await rename(made, file);
    return publicKey;
  } catch (cause) {
    if (systemCode(cause) !== "ENOENT") throw cause;
    throw new CliError("missing_program", "ssh-keygen is not installed", {
      why: "it makes the key by which you are known, and comes with the OpenSSH client",
      next: "Install it (Debian: apt-get install openssh-client).",
      cause,
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
