import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  eventually,
  hasCommand,
  interactive,
  interactiveInTerminal,
  runCommand,
  type SshServer,
  skipUnless,
  sshdMissing,
  startSshd,
  type TempDir,
  tempDir,
} from "@tidewaiter/testkit";
import { startTidewaiter, type Tidewaiter } from "@tidewaiter/testkit/tidewaiter";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { BIN, personOf, tw } from "./tw.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const POLICY = `version: 1
labels:
  pii.email: { detect: [email] }
rules:
  - id: no-reboot
    when: 'ssh.programs.exists(p, p == "reboot")'
    deny: hosts are restarted by the platform team
  - id: restart-needs-a-person
    when: 'ssh.programs.exists(p, p == "systemctl")'
    review: { by: ["principal:admin"], expires: 5m }
`;

const missing = sshdMissing();
let sshd: SshServer;
let server: Tidewaiter;
let home: TempDir;

function run(args: readonly string[], env: Record<string, string> = {}, signal?: AbortSignal) {
  return tw(home.path, args, { env, input: "", signal });
}

/** The way of somebody who is new to it, in order. */
skipUnless(missing === undefined, missing ?? "sshd").describe("ssh by the CLI, against a real server and host", () => {
  beforeAll(async () => {
    home = tempDir("cli-ssh");
    sshd = await startSshd({ config: [`TrustedUserCAKeys ${join(home.path, "trusted.pub")}`] });
    server = await startTidewaiter({
      target: { host: "127.0.0.1", port: 1, user: "nobody", database: "none" },
      principals: [{ name: "ana", type: "user", level: "read" }],
      policies: [{ name: "ssh.yaml", source: POLICY }],
      ssh: { port: sshd.port, user: sshd.user, privateKey: sshd.privateKey, hostKeys: [sshd.hostKey] },
    });
    const login = ["login", "--server", server.baseUrl, "--as"];
    expect(await run([...login, "admin"], { TIDEWAITER_PASSWORD: server.adminPassword })).toMatchObject({ code: 0 });
    expect(await run([...login, "ana"], { TIDEWAITER_PASSWORD: server.userPassword })).toMatchObject({ code: 0 });
  });
  afterAll(async () => {
    await server?.stop();
    await sshd?.stop();
    await home?.remove();
  });

  it("checks the host: its key and the login", async () => {
    const checked = await run(["resources", "check", "web-1", "--as", "admin"]);
    expect(checked.code, checked.stderr).toBe(0);
    expect(checked.stdout).toContain("the host shows the accepted key SHA256:");
    expect(checked.stdout).toContain(`logs in as ${sshd.user}`);
  });

  it("runs a command, masks it, refuses one, and says what ssh would say", async () => {
    const file = join(sshd.home, "customers.csv");
    await writeFile(file, "1,ana.lopez@example.com\n");
    expect(await run(["ssh", "web-1", "--", "cat", file])).toMatchObject({ code: 0, stdout: "1,[mail]\n", stderr: "" });
    expect(await run(["ssh", "web-1", "--", "exit", "4"])).toMatchObject({ code: 4 });
    const refused = await run(["ssh", "web-1", "--", "reboot"]);
    expect(refused.code).toBe(126);
    expect(refused.stderr).toContain("not run on web-1: hosts are restarted by the platform team [no-reboot]");
    const wrong = await run(["ssh", "db-9", "--", "true"]);
    expect(wrong.code).toBe(5);
    expect(wrong.stderr).toContain("there is no resource db-9");
    const login = await run(["ssh", "root@web-1", "--", "true"]);
    expect(login.code).toBe(255);
    expect(login.stderr).toContain("no level that is granted to you on web-1 logs in as that user");
  });

  it("waits for a person, who approves by the CLI", async () => {
    const held = run(["ssh", "web-1", "--", "systemctl --version > /dev/null; echo ran"]);
    const id = await eventually(
      async () => {
        const listed = await run(["reviews", "list", "--as", "admin", "--json"]);
        return (JSON.parse(listed.stdout) as { reviews: { shortId: string }[] }).reviews[0]?.shortId;
      },
      { within: 20_000, every: 300 },
    );
    const approved = await run(["reviews", "approve", id, "--comment", "ticket 812", "--as", "admin"]);
    expect(approved.code, approved.stderr).toBe(0);
    const result = await held;
    expect(result).toMatchObject({ code: 0, stdout: "ran\n" });
    expect(result.stderr).toContain('approved by admin: "ticket 812". Running.');
  });

  it("copies files, and ssh_config makes plain clients work", async () => {
    const local = join(home.path, "report.csv");
    await writeFile(local, "a,b\n");
    expect(await run(["scp", local, `web-1:${sshd.home}/`])).toMatchObject({ code: 0, stderr: "" });
    expect(await readFile(join(sshd.home, "report.csv"), "utf8")).toBe("a,b\n");
    const written = await run(["ssh-config", "--write"]);
    expect(written.stdout).toContain("Now: ssh web-1.tw");
    expect((await run(["ssh-config", "--write"])).code).toBe(0);
    const config = join(home.path, ".ssh", "config");
    expect((await readFile(config, "utf8")).match(/Include/g)).toHaveLength(1);
    const plain = await runCommand("ssh", ["-F", config, "-o", "BatchMode=yes", "web-1.tw", "echo plain"], {});
    expect(plain).toMatchObject({ code: 0, stdout: "plain\n", stderr: "" });
  });

  it("is known by a certificate of the installation's authority, and takes no certificate of another", async () => {
    const folder = join(home.path, ".config", "tidewaiter", "ssh", "ana");
    const [authority = ""] = (await readFile(join(folder, "known_hosts"), "utf8")).split("\n");
    expect(authority).toMatch(/^@cert-authority tidewaiter-gateway ssh-ed25519 /);
    const trust = join(home.path, "only-authority");
    await writeFile(trust, `${authority}\n`);
    const options = (certificate: string) => [
      ...[
        "-F",
        "none",
        "-o",
        "BatchMode=yes",
        "-p",
        String(server.sshPort),
        "-l",
        "web-1",
        "-i",
        join(folder, "id_ed25519"),
      ],
      ...["-o", `CertificateFile=${certificate}`, "-o", "IdentitiesOnly=yes", "-o", "HostKeyAlias=tidewaiter-gateway"],
      ...["-o", `UserKnownHostsFile=${trust}`, "-o", "StrictHostKeyChecking=yes", "127.0.0.1", "echo", "in"],
    ];
    const ours = join(folder, "web-1-cert.pub");
    expect(await runCommand("ssh", options(ours))).toMatchObject({ code: 0, stdout: "in\n" });
    // the same key and names, signed by somebody else; and an authority that signs itself
    const other = join(home.path, "other");
    await runCommand("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", other]);
    const forged = ["-q", "-s", other, "-I", "x", "-n", "ana,web-1", join(home.path, "copy.pub")];
    await writeFile(join(home.path, "copy.pub"), await readFile(join(folder, "id_ed25519.pub")));
    await runCommand("ssh-keygen", forged);
    const refused = await runCommand("ssh", options(join(home.path, "copy-cert.pub")));
    expect(refused.code).toBe(255);
    expect(refused.stderr).toContain("Permission denied");
  });

  it("lets a registered key in, until it is revoked", async () => {
    const key = join(home.path, "plain");
    await runCommand("ssh-keygen", ["-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", key]);
    const ssh = (user = "web-1") =>
      runCommand("ssh", [
        ...["-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-i", key, "-p", String(server.sshPort)],
        ...["-o", `UserKnownHostsFile=${join(home.path, "only-authority")}`, "-o", "HostKeyAlias=tidewaiter-gateway"],
        ...["-l", user, "127.0.0.1", "echo", "in"],
      ]);
    expect((await ssh()).code).toBe(255);
    const others = join(home.path, "others.pub");
    await writeFile(others, await readFile(join(home.path, "other.pub"), "utf8"));
    const notOurs = await run(["secrets", "register-ssh-key", others]);
    expect(notOurs.code).toBe(2);
    expect(notOurs.stderr).toContain("the private half of this key is not here");
    const registered = await run(["secrets", "register-ssh-key", `${key}.pub`, "--ttl", "1d", "--json"]);
    expect(registered.code, registered.stderr).toBe(0);
    expect(await ssh()).toMatchObject({ code: 0, stdout: "in\n" });
    const which = await ssh("ana");
    expect(which.code).toBe(255);
    expect(which.stderr).toContain(`tidewaiter: ssh -p ${server.sshPort} web-1@127.0.0.1    (read)`);
    const { id } = JSON.parse(registered.stdout) as { id: string };
    expect((await run(["secrets", "revoke", id])).code).toBe(0);
    expect((await ssh()).code).toBe(255);
  });

  it("replays a terminal, and writes it for other players", async () => {
    const shown = await runCommand("ssh", [
      "-F",
      join(home.path, ".ssh", "config"),
      "-tt",
      "web-1.tw",
      "echo one; sleep 1.5; echo two",
    ]);
    expect(shown.stdout).toBe("one\r\ntwo\r\n");
    const replayed = await eventually(
      async () => {
        const result = await run(["sessions", "replay", "last", "--terminal", "--speed", "100", "--as", "admin"]);
        return result.code === 0 && result.stdout;
      },
      { within: 20_000, every: 300 },
    );
    expect(replayed).toContain("one\r\ntwo\r\n");
    const pause = async (...args: string[]) => {
      const replay = ["sessions", "replay", "last", "--terminal", "--as", "admin", ...args];
      using replaying = interactive(process.execPath, [BIN, ...replay], personOf(home.path));
      await replaying.see("one\r\n");
      const shownAt = performance.now();
      await replaying.see("two\r\n");
      return performance.now() - shownAt;
    };
    const paces = [[], ["--speed", "20"], ["--idle", "0.1"], ["--from", "5"]];
    const [asThen = 0, ...faster] = await Promise.all(paces.map((args) => pause(...args)));
    expect(asThen).toBeGreaterThan(1_000);
    for (const short of faster) expect(short).toBeLessThan(700);
    const other = await run(["sessions", "replay", "last", "--terminal", "--operation", "99", "--as", "admin"]);
    expect([other.code, other.stderr]).toEqual([5, expect.stringContaining("next: --operation 1")]);
    const file = join(home.path, "last.cast");
    expect((await run(["sessions", "replay", "last", "--cast", file, "--as", "admin"])).code).toBe(0);
    const [header, ...lines] = (await readFile(file, "utf8")).trim().split("\n");
    expect(JSON.parse(header ?? "")).toMatchObject({ version: 2 });
    expect(lines.map((line) => (JSON.parse(line) as unknown[])[2]).join("")).toContain("one\r\ntwo\r\n");
  });

  const watch = (...args: string[]) =>
    interactive(process.execPath, [BIN, "sessions", "watch", "last", "--as", "admin", ...args], personOf(home.path));

  /** A shell in a terminal, as a person has one. */
  const shell = async () => {
    const opened = interactive("ssh", ["-F", join(home.path, ".ssh", "config"), "-tt", "web-1.tw"]);
    await opened.see("$ ");
    opened.type("PS1='ready> '; echo b''egun\r");
    await opened.see("begun\r\n");
    await opened.see("ready> ");
    return opened;
  };

  it("shows a live terminal as it happens, from where it is, and ends with it", async () => {
    using typing = await shell();
    using watching = watch("--reason", "ticket 812");
    await watching.see("begun\r\n");
    await watching.see("ready> ");
    expect(watching.told.stderr).toMatch(/Watching ana on web-1 as read \(ssh\), begun \d+ s ago: /);
    expect(watching.told.stderr).toMatch(/To end it: {2}tw sessions kill ses_/);
    typing.type("printf '\\033[1;32mgr''een\\033[0m \\033]0;title\\007\\033[6n%s\\n' an''a@example.com\r");
    const typedAt = performance.now();
    await watching.see("\u001b[1;32mgreen\u001b[0m ");
    expect(performance.now() - typedAt).toBeLessThan(3_000);
    await watching.see("\r\nready> ");
    // masked as the person saw it, and nothing that a terminal would obey or answer
    expect(typing.told.stdout).toContain("\u001b]0;title\u0007\u001b[6n");
    expect(watching.told.stdout).not.toContain("ana@example.com");
    expect(watching.told.stdout).not.toContain("\u001b]");
    expect(watching.told.stdout).not.toContain("\u001b[6n");
    const times: number[] = [];
    for (let round = 0; round < 2; round++) {
      typing.type(`echo ro''und-${round}\r`);
      await typing.see(`round-${round}\r\n`);
      const at = performance.now();
      await watching.see(`round-${round}\r\n`);
      times.push(performance.now() - at);
    }
    expect(Math.max(...times)).toBeLessThan(3_000);
    typing.type("exit 3\r");
    expect(await typing.closed).toBe(3);
    expect(await watching.closed).toBe(0);
    expect(watching.told.stdout).toContain("session ended");
    const audit = JSON.parse(
      (await run(["audit", "list", "--type", "session.watched", "--as", "admin", "--json"])).stdout,
    );
    expect(audit.events[0]).toMatchObject({ data: { by: "admin", reason: "ticket 812" } });
  });

  it("leaves the session alone when the watcher leaves, and says why when it is ended", async () => {
    using typing = await shell();
    using leaving = watch();
    await leaving.see("ready> ");
    leaving.leave();
    expect(await leaving.closed).toBe(130);
    using watching = watch("--json");
    typing.type("echo st''ill\r");
    await typing.see("still\r\n");
    await watching.see("still\\r\\n");
    expect(await run(["sessions", "watch", "last"])).toMatchObject({ code: 4 });
    expect(await run(["sessions", "kill", "last", "--reason", "wrong host", "--as", "admin"])).toMatchObject({
      code: 0,
    });
    expect(await watching.closed).toBe(0);
    expect(await typing.closed).toBe(255);
    expect(typing.told.stdout + typing.told.stderr).toContain("ended by admin: wrong host");
    const events = watching.told.stdout.trimEnd().split("\n");
    expect(events.map((line) => (JSON.parse(line) as { type: string }).type)[0]).toBe("session_started");
    expect(JSON.parse(events.at(-1) ?? "")).toMatchObject({
      type: "session_ended",
      reason: "ended by admin: wrong host",
    });
    const over = await run(["sessions", "watch", "last", "--as", "admin"]);
    expect([over.code, over.stderr]).toEqual([5, expect.stringContaining("no session is live")]);
  });

  skipUnless(hasCommand("script"), "script").it(
    "lists sessions in the width of the terminal, and whole in a pipe",
    async () => {
      const list = ["sessions", "list", "--as", "admin"];
      const env = { ...personOf(home.path), NO_COLOR: "1" };
      using narrow = interactiveInTerminal(process.execPath, [BIN, ...list], { columns: 80, env });
      expect(await narrow.closed).toBe(0);
      const lines = narrow.told.stdout.trimEnd().split("\r\n");
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
      expect(lines[0]).toMatch(/^ID +STATE +WHO +RESOURCE +LEVEL +STARTED/);
      expect(lines.at(-1)).toBe("(a wider terminal and --json also show: STATEMENTS, REFUSED, HELD, ROWS)");
      const { stdout } = await run(list);
      expect(stdout).toMatch(/^ID +STATE +WHO +RESOURCE +LEVEL +STARTED +STATEMENTS +REFUSED +HELD +ROWS\n/);
      expect(stdout).toContain(lines[1]?.slice(0, 30));
    },
  );

  it("comes into a host that trusts the authority, whose log names the person", async () => {
    const set = ["credentials", "set", "web-1", "read", "--username", sshd.user, "--ssh-certificate", "--as", "admin"];
    expect(await run(set)).toMatchObject({ code: 0 });
    const untrusted = await run(["resources", "check", "web-1", "--as", "admin"]);
    expect(untrusted.stdout).toContain("TrustedUserCAKeys");
    const bundle = await run(["authorities", "list", "--use", "ssh-target", "--bundle"]);
    expect(bundle.stdout).toMatch(/^ssh-ed25519 \S+ tidewaiter-ssh-target\n$/);
    await writeFile(join(home.path, "trusted.pub"), bundle.stdout);
    const checked = await run(["resources", "check", "web-1", "--as", "admin"]);
    expect(checked.stdout).toContain(`logs in as ${sshd.user}`);
    expect(await run(["ssh", "web-1", "--", "echo", "in"])).toMatchObject({ code: 0, stdout: "in\n" });
    await eventually(() => /Accepted publickey .* ED25519-CERT .* ID ses_\w+ ana \(serial/.test(sshd.log()));
    // a live session needs none of it any more
    const pipe = join(sshd.home, "pipe");
    await runCommand("mkfifo", [pipe]);
    const live = run(["ssh", "web-1", "--", "cat", pipe]);
    await eventually(() => sshd.log().match(/ID ses_\w+ ana /g)?.length === 2, { within: 10_000 });
    const rotated = await run(["authorities", "rotate", "ssh-target", "--after", "1s", "--as", "admin"]);
    expect(rotated.stdout, rotated.stderr).toContain("signs for ssh-target");
    // the host has not heard of the new key
    await eventually(async () => (await run(["ssh", "web-1", "--", "true"])).code !== 0, {
      within: 20_000,
      every: 500,
    });
    await writeFile(pipe, "still there\n");
    expect(await live).toMatchObject({ code: 0, stdout: "still there\n" });
    const both = await run(["authorities", "list", "--use", "ssh-target", "--bundle"]);
    await writeFile(join(home.path, "trusted.pub"), both.stdout);
    expect(await run(["ssh", "web-1", "--", "echo", "in"])).toMatchObject({ code: 0, stdout: "in\n" });
  });

  it("ends a live session within 5 s of the certificate's revocation, and says why", async () => {
    using running = interactive("ssh", ["-F", join(home.path, ".ssh", "config"), "web-1.tw", "echo begun; sleep 60"]);
    await running.see("begun\n");
    const { secrets } = JSON.parse((await run(["secrets", "list", "--json"])).stdout) as {
      secrets: { id: string; kind: string }[];
    };
    const certificate = secrets.find(({ kind }) => kind === "ssh_certificate");
    expect((await run(["secrets", "revoke", certificate?.id ?? ""])).code).toBe(0);
    const revokedAt = performance.now();
    expect(await running.closed).toBe(255);
    expect(running.told.stderr).toContain("the session has ended: ");
    expect(performance.now() - revokedAt).toBeLessThan(30_000);
    const again = await runCommand("ssh", [
      "-F",
      join(home.path, ".ssh", "config"),
      "-o",
      "BatchMode=yes",
      "web-1.tw",
      "true",
    ]);
    expect(again.code).toBe(255);
  });
});
