import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { findCommand, hasCommand, runCommand } from "../command.ts";
import { eventually } from "../eventually.ts";
import { freePort } from "../free-port.ts";
import { tempDir } from "../temp-dir.ts";
import { runAs } from "../unprivileged.ts";

export interface SshdOptions {
  /** The host key gets a certificate for this name, from an authority made for it. */
  readonly certifiedAs?: string;
  /** Added to sshd_config, before anything else. */
  readonly config?: readonly string[];
}

export interface SshServer extends AsyncDisposable {
  readonly host: "127.0.0.1";
  readonly port: number;
  /** The one that may log in: whoever runs the tests or, for root, somebody else. */
  readonly user: string;
  /** Of that user, in OpenSSH's PEM. */
  readonly privateKey: string;
  /** As in known_hosts: type and base64. */
  readonly hostKey: string;
  /** With `certifiedAs`: the authority, as in a .pub file. */
  readonly hostAuthority: string | undefined;
  /** A folder of the user, for files. */
  readonly home: string;
  /** What the server logged. */
  readonly log: () => string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** What a real sshd on this machine needs; undefined = nothing is missing. */
export function sshdMissing(): string | undefined {
  const missing = ["sshd", "ssh", "ssh-keygen"].filter((name) => !hasCommand(name));
  return missing.length === 0 ? undefined : missing.join(", ");
}

/** Starts OpenSSH's own server on a free port of 127.0.0.1; only one unprivileged user can log in. */
export async function startSshd(options: SshdOptions = {}): Promise<SshServer> {
  const folder = tempDir("sshd");
  const who = runAs();
  const user = (await runCommand("id", ["-nu", String(who.uid)])).stdout.trim();
  const home = join(folder.path, "home");
  mkdirSync(home);
  for (const name of ["host", "user"]) {
    const file = join(folder.path, `${name}_key`);
    await runCommand("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file]);
  }
  const path = (name: string): string => join(folder.path, name);
  writeFileSync(path("authorized_keys"), readFileSync(path("user_key.pub")));
  const { certifiedAs } = options;
  if (certifiedAs !== undefined) {
    const authority = path("authority");
    await runCommand("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", authority]);
    await runCommand("ssh-keygen", [
      "-q",
      "-s",
      authority,
      "-I",
      "host",
      "-h",
      "-n",
      certifiedAs,
      path("host_key.pub"),
    ]);
  }
  const port = await freePort();
  writeFileSync(
    path("sshd_config"),
    [
      // the first value of a name counts
      ...(options.config ?? []),
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${path("host_key")}`,
      ...(certifiedAs === undefined ? [] : [`HostCertificate ${path("host_key-cert.pub")}`]),
      `AuthorizedKeysFile ${path("authorized_keys")}`,
      `PidFile ${path("sshd.pid")}`,
      // without PAM an account whose password is locked, as those of servers are, could not log in by key
      `UsePAM ${who.switched ? "yes" : "no"}`,
      "StrictModes no",
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      "AcceptEnv LANG LC_* TIDEWAITER_*",
      "AllowTcpForwarding yes",
      "AllowStreamLocalForwarding yes",
      "X11Forwarding no",
      `AllowUsers ${user}`,
      "PrintMotd no",
      "PrintLastLog no",
      "MaxSessions 50",
      "MaxStartups 200",
      "Subsystem sftp internal-sftp",
      "LogLevel VERBOSE",
      "",
    ].join("\n"),
  );
  // as root it gives terminals to its user, which an unprivileged one cannot do everywhere
  if (who.switched) {
    chownSync(home, who.uid, who.gid);
    mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  }
  chmodSync(folder.path, 0o755);
  let log = "";
  const command = [findCommand("sshd") ?? "sshd", "-D", "-e", "-f", path("sshd_config")];
  const setpriv = process.platform === "linux" ? findCommand("setpriv") : undefined;
  const [file = "", ...args] = setpriv === undefined ? command : [setpriv, "--pdeathsig=TERM", ...command];
  const child: ChildProcess = spawn(file, args, { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env } });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const exited = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await exited;
    await folder.remove();
  };
  try {
    await eventually(() => answers(port), { within: 10_000 });
  } catch (error) {
    await stop();
    throw new Error(`sshd did not start: ${log}`, { cause: error });
  }
  const [type = "", key = ""] = readFileSync(path("host_key.pub"), "utf8").split(" ");
  return {
    host: "127.0.0.1",
    port,
    user,
    privateKey: readFileSync(path("user_key"), "utf8"),
    hostKey: `${type} ${key}`,
    hostAuthority: certifiedAs === undefined ? undefined : readFileSync(path("authority.pub"), "utf8").trim(),
    home,
    log: () => log,
    pid: child.pid ?? 0,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("data", (data) => {
      socket.destroy();
      resolve(data.toString("latin1").startsWith("SSH-"));
    });
    socket.once("error", reject);
  });
}
