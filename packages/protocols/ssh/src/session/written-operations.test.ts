import { readWritten, type WrittenInput } from "@tidewaiter/core";
import { describe, expect, it } from "vitest";
import { operationsOfWritten } from "./written-operations.ts";

function operationsOf(ssh: NonNullable<WrittenInput["ssh"]>) {
  const read = readWritten({ ssh });
  if (!read.ok || read.value.type !== "ssh") throw new Error(JSON.stringify(read));
  return operationsOfWritten(read.value.ssh, "deploy");
}

describe("what is written of an SSH connection", () => {
  it("is a command with the programs that it starts, then the files that it moves", () => {
    const common = { type: "ssh", user: "deploy", command: "cat /var/../etc/shadow | gzip", programs: ["cat", "gzip"] };
    expect(operationsOf("cat /var/../etc/shadow | gzip")).toEqual([
      { ...common, channel: "exec" },
      { ...common, channel: "redirect", transfer: { direction: "download", path: "/etc/shadow" } },
    ]);
    expect(operationsOf('sh -c "$X"')).toMatchObject([{ channel: "exec", programs: undefined }]);
  });

  it("has the login that is written, else the one that is known, else none", () => {
    const written = { kind: "exec", command: "id" } as const;
    const users = [operationsOfWritten({ ...written, user: "root" }, "deploy"), operationsOfWritten(written, "deploy")];
    expect(users.map(([operation]) => operation?.user)).toEqual(["root", "deploy"]);
    expect(operationsOfWritten(written)[0]?.user).toBeUndefined();
  });

  it.each(["sftp", "scp", "rsync", "redirect"] as const)("is a file moved by %s, whatever its name", (channel) => {
    for (const direction of ["upload", "download"] as const) {
      for (const path of ["/srv/./x", "-a 'b' $c", "/dev/null"]) {
        const [operation, more] = operationsOf({ channel, direction, path });
        expect(more).toBeUndefined();
        const transfer = { direction, path: path === "/srv/./x" ? "/srv/x" : path };
        const programs = channel === "sftp" ? [] : [channel === "redirect" ? "cat" : channel];
        expect(operation).toMatchObject({ channel, user: "deploy", programs, transfer });
      }
    }
    const [sized] = operationsOf({ channel, direction: "upload", path: "x", bytes: 7 });
    expect(sized?.transfer).toEqual({ direction: "upload", path: "x", bytes: 7 });
  });

  it.each<[Parameters<typeof operationsOf>[0], Record<string, unknown>]>([
    [{ channel: "shell" }, { channel: "shell", command: "", programs: [], user: "deploy" }],
    [
      { channel: "auth-agent", command: "sign SHA256:x login root" },
      { channel: "auth-agent", command: "sign SHA256:x login root", programs: ["sign"] },
    ],
    [
      { channel: "shell", user: "root" },
      { channel: "shell", user: "root" },
    ],
    [
      { channel: "exec", command: "sudo id" },
      { channel: "exec", command: "sudo id", programs: ["sudo", "id"] },
    ],
    [
      { channel: "typed", command: "web-1$ reboot" },
      { channel: "typed", command: "web-1$ reboot", programs: ["web-1$", "reboot"] },
    ],
    [
      { channel: "subsystem", command: "netconf" },
      { channel: "subsystem", command: "netconf", programs: [] },
    ],
    [
      { channel: "sftp", command: "rename '/a b' /c" },
      { channel: "sftp", command: "rename /a b /c", programs: ["rename"] },
    ],
    [
      { channel: "sftp", command: "get /etc/shadow" },
      { channel: "sftp", transfer: { direction: "download", path: "/etc/shadow" } },
    ],
    [
      { channel: "direct-tcpip", host: "db", port: 5432 },
      { channel: "direct-tcpip", forward: { host: "db", port: 5432 } },
    ],
    [
      { channel: "streamlocal-forward", host: "/run/x" },
      { channel: "streamlocal-forward", forward: { host: "/run/x", port: 0 } },
    ],
    [{ channel: "x11" }, { channel: "x11", programs: [] }],
  ])("%j", (written, expected) => {
    expect(operationsOf(written)).toMatchObject([expected]);
  });
});
