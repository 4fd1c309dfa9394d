import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import type { Principal, Protocol, SessionHost } from "@tidewaiter/core";
import { createSshProtocol, type SshOptions } from "@tidewaiter/ssh/serve";
import {
  type CommandOptions,
  runCommand,
  type SshdOptions,
  type SshServer,
  startSshd,
  type TempDir,
  tempDir,
} from "@tidewaiter/testkit";
import { type Harness, type HarnessOptions, startHarness } from "../gateway-harness.ts";

export const ANA: Principal = { id: "prn_ana", name: "ana", kind: "user", groups: ["developers"] };

export interface SshWorld extends AsyncDisposable {
  readonly sshd: SshServer;
  readonly gateway: Harness;
  /** Options of ssh, scp and sftp for the gateway, but for the port's flag. */
  readonly options: readonly string[];
  readonly folder: TempDir;
  /** File of ana's private key. */
  readonly identity: string;
  /** `first` are options that count before those of the world: the first one of a name wins. */
  ssh(args: readonly string[], options?: CommandOptions, first?: readonly string[]): ReturnType<typeof runCommand>;
}

/** A real sshd behind the gateway, and a client whose key is registered as ana's. */
export async function startWorld(
  policies: readonly { readonly name: string; readonly source: string }[],
  own: Partial<SshOptions> & {
    readonly reachable?: HarnessOptions["reachable"];
    readonly target?: Record<string, unknown> | ((sshd: SshServer) => Record<string, unknown>);
    readonly sshd?: SshdOptions;
    /** Where the target listens in place of sshd, which then only names users and keys. */
    readonly targetPort?: number;
    /** Changes what connections are served with. */
    readonly host?: (host: SessionHost<Duplex>) => SessionHost<Duplex>;
  } = {},
): Promise<SshWorld> {
  const sshd = await startSshd(own.sshd);
  const folder = tempDir("ssh-client");
  const key = async (name: string, type = "ed25519"): Promise<string> => {
    const file = join(folder.path, name);
    await runCommand("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", "", "-f", file]);
    return file;
  };
  const identity = await key("id");
  const hostKey = await key("host");
  const { target, sshd: _, targetPort = sshd.port, host = (same) => same, reachable, ...options } = own;
  const protocol = createSshProtocol({
    hostKeys: () => [{ privateKey: readFileSync(hostKey, "utf8") }],
    ...options,
  });
  const gateway = await startHarness({
    target: { port: targetPort },
    database: "",
    policies,
    principals: [ANA],
    ...(reachable && { reachable }),
    other: {
      protocol: {
        ...protocol,
        serve: (stream: Duplex, served: SessionHost<Duplex>) => protocol.serve(stream, host(served)),
      } as unknown as Protocol<never, Duplex>,
      target: {
        host: "127.0.0.1",
        port: targetPort,
        hostKeys: [sshd.hostKey],
        ...(typeof target === "function" ? target(sshd) : target),
      },
      credential: { type: "ssh_key", username: sshd.user, privateKeyPem: sshd.privateKey },
    },
  });
  const [type = "", blob = ""] = readFileSync(`${hostKey}.pub`, "utf8").split(" ");
  const knownHosts = join(folder.path, "known_hosts");
  writeFileSync(knownHosts, `[127.0.0.1]:${gateway.port} ${type} ${blob}\n`);
  chmodSync(knownHosts, 0o600);
  const clientOptions = [
    ["BatchMode", "yes"],
    ["IdentitiesOnly", "yes"],
    ["IdentityFile", identity],
    ["UserKnownHostsFile", knownHosts],
    ["StrictHostKeyChecking", "yes"],
    ["LogLevel", "ERROR"],
    ["User", "web-1"],
    ["Port", String(gateway.port)],
  ].flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  return {
    sshd,
    gateway,
    options: clientOptions,
    folder,
    identity,
    ssh: (args, runOptions, first = []) =>
      runCommand("ssh", ["-F", "none", ...first, ...clientOptions, "127.0.0.1", ...args], runOptions),
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await sshd.stop();
      await folder.remove();
    },
  };
}
