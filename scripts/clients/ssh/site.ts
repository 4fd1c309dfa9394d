import { chownSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { registerSshKey, runCommand, startSshd, tempDir } from "@tidewaiter/testkit";
import { startTidewaiter, type Tidewaiter } from "@tidewaiter/testkit/tidewaiter";
import type { Endpoint, Site } from "../matrix.ts";
import type { Program } from "../toolchains.ts";
import { type SshHost, startProgramHost } from "./program-host.ts";

/** A value that is masked, and what the detector of mail addresses puts in its place. */
export const HIDDEN = "ann@hidden.example";
export const MASKED = "[mail]";
/** Scripts of Ansible's cannot all be read: a rule that stops what it can see is a brake, not a wall. */
const POLICY = {
  version: 1,
  labels: { "pii.email": { detect: ["email"] } },
  defaults: { unknown_statement: "allow" },
  rules: [
    { id: "no-hostid", when: '"hostid" in ssh.programs', deny: "hosts are not asked for their number" },
    { id: "mask-pii", mask: { default: "constant" } },
  ],
};
const PERSON = "ana";
/** The servers: with its own defaults, and with those algorithms only that ssh-audit finds no failure in. */
export const OPENSSH = "openssh";
export const HARDENED = "openssh, hardened";
const NO_FAILURES = ["KexAlgorithms -ecdh-sha2-*,diffie-hellman-group14-*", "MACs hmac-sha2-256-etm@openssh.com"];

/**
 * One host, reached directly, through the gateway without a policy, and through it with masks and a refused program.
 * @param program of the client, which is the host itself where the server is none of OpenSSH's
 */
export async function startSshSite(server: string, program: Program): Promise<Site> {
  await using started = new AsyncDisposableStack();
  const host = started.use(await startHost(server, program));
  const files = started.use(tempDir("ssh-clients"));
  const open = started.use(await gateway(host));
  const masking = started.use(await gateway(host, POLICY));
  const file = (name: string, text: string): string => {
    const path = join(files.path, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const own = join(files.path, "own");
  await runCommand("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", own]);
  const through = async (name: string, by: Tidewaiter): Promise<Endpoint> => {
    await registerSshKey((path, body) => by.api("POST", path, body, PERSON), own);
    const { endpoints } = (await by.api("GET", "/v1/me", undefined, PERSON)) as {
      endpoints: { ssh: { hostKey: string } };
    };
    const { secret } = await by.secret(PERSON, { resource: "web-1" });
    const password = { SSH_PASSWORD: secret, SSH_PASSWORD_USER: `${PERSON}+web-1` };
    const knownHosts = file(name, `[127.0.0.1]:${by.sshPort} ${endpoints.ssh.hostKey}\n`);
    return { ...login(host, by.sshPort), SSH_USER: "web-1", SSH_KEY: own, SSH_KNOWN_HOSTS: knownHosts, ...password };
  };
  const site = {
    direct: {
      ...login(host, host.port),
      SSH_USER: host.user,
      SSH_KEY: file("direct", host.privateKey),
      SSH_KNOWN_HOSTS: file("known-directly", `[127.0.0.1]:${host.port} ${host.hostKey}\n`),
    },
    through: await through("known-through", open),
    labelled: await through("known-labelled", masking),
    reset: async () => fill(host.home),
  };
  const all = started.move();
  return { ...site, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

function startHost(server: string, program: Program): Promise<SshHost> {
  if (server === OPENSSH) return startSshd();
  return server === HARDENED ? startSshd({ config: NO_FAILURES }) : startProgramHost(program);
}

function fill(home: string): void {
  const { uid, gid } = statSync(home);
  for (const name of readdirSync(home)) rmSync(join(home, name), { recursive: true, force: true });
  writeFileSync(join(home, "customers.csv"), `1,Ann,${HIDDEN}\n`);
  writeFileSync(join(home, "given.bin"), Buffer.alloc(1_000_000, "given "));
  mkdirSync(join(home, ".ansible"), { mode: 0o700 });
  for (const name of readdirSync(home)) chownSync(join(home, name), uid, gid);
}

function login(host: SshHost, port: number): Endpoint {
  return { SSH_HOST: "127.0.0.1", SSH_PORT: String(port), SSH_HOME: host.home };
}

function gateway(host: SshHost, policy?: object): Promise<Tidewaiter> {
  return startTidewaiter({
    target: { host: "127.0.0.1", port: 1, user: "nobody", database: "none" },
    principals: [{ name: PERSON, type: "user", level: "read" }],
    ssh: { port: host.port, user: host.user, privateKey: host.privateKey, hostKeys: [host.hostKey] },
    ...(policy && { policies: [{ name: "hosts.yaml", source: JSON.stringify(policy) }] }),
  });
}
