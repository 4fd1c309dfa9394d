import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { hasCommand, runCommand, skipUnless, sshdMissing } from "@tidewaiter/testkit";
import { expect, it, vi } from "vitest";
import { startWorld } from "./world.ts";

vi.setConfig({ testTimeout: 60_000 });

const sshd = sshdMissing() === undefined;

skipUnless(sshd && hasCommand("ssh-audit"), "sshd, ssh-audit").describe("ssh-audit", () => {
  it("finds no failure in what the gateway offers", async () => {
    await using world = await startWorld([]);
    const args = ["-j", "-p", String(world.gateway.port), "127.0.0.1"];
    const { stdout } = await runCommand("ssh-audit", args);
    const report = JSON.parse(stdout) as Record<string, { algorithm: string; notes?: { fail?: string[] } }[]>;
    const failures = ["kex", "key", "enc", "mac"].flatMap((part) =>
      (report[part] ?? []).flatMap(({ algorithm, notes }) => (notes?.fail ?? []).map((why) => `${algorithm}: ${why}`)),
    );
    expect(failures).toEqual([]);
    expect(report.kex?.map(({ algorithm }) => algorithm)).toContain("kex-strict-s-v00@openssh.com");
  });
});

const python = ["python3", "/usr/bin/python3"].find(
  (file) => spawnSync(file, ["-c", "import paramiko"], { stdio: "ignore" }).status === 0,
);

const PROGRAM = `
import sys, hashlib, os, paramiko
port, key, known = int(sys.argv[1]), sys.argv[2], sys.argv[3]
client = paramiko.SSHClient()
client.load_host_keys(known)
client.connect("127.0.0.1", port, username="web-1", key_filename=key, look_for_keys=False, allow_agent=False)
_, out, err = client.exec_command("echo out; echo err >&2; exit 3")
print(out.read().decode().strip(), err.read().decode().strip(), out.channel.recv_exit_status())
data = os.urandom(500000)
sftp = client.open_sftp()
path = sys.argv[4] + "/paramiko.bin"
with sftp.open(path, "wb") as file: file.write(data)
with sftp.open(path, "rb") as file: print(hashlib.sha256(file.read()).digest() == hashlib.sha256(data).digest())
client.close()
`;

skipUnless(sshd && python !== undefined, "sshd, python3 with paramiko").describe("paramiko", () => {
  it("runs a command and moves a file by sftp", async () => {
    await using world = await startWorld([]);
    const file = (name: string): string => join(world.folder.path, name);
    const args = ["-c", PROGRAM, String(world.gateway.port), file("id"), file("known_hosts"), world.sshd.home];
    const result = await runCommand(python ?? "python3", args);
    expect(result.stdout, result.stderr).toBe("out err 3\nTrue\n");
  });
});
