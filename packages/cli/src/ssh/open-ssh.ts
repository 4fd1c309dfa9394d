import { execFile } from "node:child_process";
import { mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { answer } from "../api/client.ts";
import { withLock } from "../config/file-lock.ts";
import { makePrivateDir, readPrivateFile, writePrivateFile } from "../config/private-file.ts";
import type { CommandContext } from "../context.ts";
import { CliError, systemCode } from "../errors.ts";

/** How the gateway's SSH listener is reached, and with which key and certificates. */
export interface SshAccess {
  readonly host: string;
  readonly port: number;
  readonly identityFile: string;
  readonly knownHostsFile: string;
  /** Where the certificate for a resource stands. */
  readonly certificateFile: (resource: string) => string;
}

/** The gateway's name in known_hosts, whatever its address. */
export const HOST_KEY_ALIAS = "tidewaiter-gateway";
/** A certificate that ends sooner is replaced before it is used. */
const RENEW_BEFORE_MS = 5 * 60_000;

/** Beside each certificate: for whom, where and until when it is. */
interface CertificateState {
  readonly expiresAt: string;
  readonly principal: string;
  readonly server: string;
}

/**
 * A key of this machine's own, which never leaves it, a certificate for each resource, and the gateway's host key. A
 * certificate that lasts long enough is used again.
 * @throws CliError when the server has no SSH listener, or ssh-keygen is missing
 */
export async function openSsh(
  context: CommandContext,
  resources: readonly string[],
  ttlSeconds: number | undefined,
): Promise<SshAccess> {
  const api = await context.api();
  const profile = await context.profile();
  const { endpoints } = await answer(api.GET("/v1/me"));
  if (endpoints.ssh === undefined)
    throw new CliError("unavailable", "the server has no listener for SSH", {
      next: "Its administrator starts it with --ssh HOST:PORT.",
    });
  const { host, port, hostKey, hostAuthority } = endpoints.ssh;
  const folder = join(context.env.configDir, "ssh", profile.name);
  const identityFile = join(folder, "id_ed25519");
  const knownHostsFile = join(folder, "known_hosts");
  const certificateFile = (resource: string): string => join(folder, `${resource}-cert.pub`);
  await withLock(context.env.configDir, async () => {
    await makePrivateDir(join(context.env.configDir, "ssh"));
    await makePrivateDir(folder);
    const trusted = hostAuthority === undefined ? [] : [`@cert-authority ${HOST_KEY_ALIAS} ${hostAuthority}`];
    await writePrivateFile(knownHostsFile, `${[...trusted, `${HOST_KEY_ALIAS} ${hostKey}`].join("\n")}\n`);
    const publicKey = (await readPrivateFile(`${identityFile}.pub`)) ?? (await makeKey(folder, identityFile));
    for (const resource of resources) {
      const stateFile = join(folder, `${resource}.json`);
      const known = parseState(await readPrivateFile(stateFile));
      const { principal, server } = profile;
      const lasts = known !== undefined && Date.parse(known.expiresAt) - context.now() > RENEW_BEFORE_MS;
      if (lasts && known.principal === principal && known.server === server) continue;
      const ttl = ttlSeconds === undefined ? {} : { ttlSeconds };
      const body = { publicKey: publicKey.trim(), resource, ...ttl };
      const made = await answer(api.POST("/v1/ssh-certificates", { body }));
      await writePrivateFile(certificateFile(resource), `${made.certificateLine}\n`);
      const state: CertificateState = { expiresAt: made.expiresAt, principal, server };
      await writePrivateFile(stateFile, `${JSON.stringify(state)}\n`);
    }
  });
  return { host, port, identityFile, knownHostsFile, certificateFile };
}

/** Options of ssh, scp and sftp, so that nothing but our key is tried and nothing but our gateway is trusted. */
export function sshOptions(
  { identityFile, knownHostsFile, certificateFile }: SshAccess,
  resources: readonly string[],
): readonly string[] {
  const certificates = resources.flatMap((name) => ["-o", `CertificateFile=${quoted(certificateFile(name))}`]);
  const others = Object.entries({
    IdentityFile: quoted(identityFile),
    IdentitiesOnly: "yes",
    UserKnownHostsFile: quoted(knownHostsFile),
    HostKeyAlias: HOST_KEY_ALIAS,
    StrictHostKeyChecking: "yes",
  }).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  return [...certificates, ...others];
}

/** ssh_config(5): an argument with spaces stands in double quotes. */
export function quoted(path: string): string {
  return /[\s"]/.test(path) ? `"${path.replaceAll('"', '\\"')}"` : path;
}

function parseState(text: string | undefined): CertificateState | undefined {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as CertificateState);
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
