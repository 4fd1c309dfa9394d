import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { eventually, freePort, runCommand, skipUnless, sshdMissing, tempDir } from "@tidewaiter/testkit";
import type { ClientChannel, ServerHostKeyAlgorithm } from "ssh2";
import ssh2 from "ssh2";
import { expect, it, vi } from "vitest";
import { inside, numberOf, rawClient } from "./raw-client.ts";
import { startWorld } from "./world.ts";

vi.setConfig({ testTimeout: 30_000 });

const missing = sshdMissing();
const postQuantum = spawnSync("ssh", ["-Q", "kex"], { encoding: "utf8" }).stdout?.includes("mlkem768x25519-sha256");
const FORWARDS = { name: "f.yaml", source: "version: 1\ndefaults: { builtins: { ssh_forward: allow } }\n" };

skipUnless(missing === undefined, missing ?? "sshd").describe("connections over ssh", () => {
  it("several channels on one master; closing one keeps the others", async () => {
    await using world = await startWorld([]);
    const control = join(world.folder.path, "master");
    const mux = ["-o", `ControlPath=${control}`];
    const master = await world.ssh(["-o", "ControlMaster=yes", ...mux, "-o", "ControlPersist=30", "-Nf"]);
    expect(master.code).toBe(0);
    const stop = new AbortController();
    const ended = world.ssh([...mux, "cat"], { signal: stop.signal, input: "" });
    const others = Array.from({ length: 4 }, (_, n) => world.ssh([...mux, `sleep 0.3; echo ${n}`]));
    stop.abort();
    await ended;
    expect((await Promise.all(others)).map(({ stdout }) => stdout)).toEqual(["0\n", "1\n", "2\n", "3\n"]);
    // one login, one session
    expect(world.gateway.sessions.size).toBe(1);
    await world.ssh([...mux, "-O", "exit"]);
    await eventually(() => world.gateway.sessions.size === 0);
  });

  it("a signal ends the command and is told", async () => {
    await using world = await startWorld([]);
    const result = await world.ssh(["kill -TERM $$"]);
    expect(result.code).toBe(255);
    const finished = world.gateway.events.find((event) => event.type === "operation_finished");
    expect(finished).toMatchObject({ result: "error", tag: "signal TERM" });
  });

  it("a signal reaches a command whose input has ended", async () => {
    await using world = await startWorld([]);
    const client = await rawClient(world);
    const channel = await new Promise<ClientChannel>((resolve, reject) =>
      client.exec("cat; echo ended; exec sleep 60", (error, opened) => (error ? reject(error) : resolve(opened))),
    );
    const exited = once(channel, "exit");
    channel.end();
    expect(String((await once(channel, "data"))[0])).toBe("ended\n");
    inside(client)._protocol.signal(numberOf(channel), "TERM");
    expect((await exited).slice(0, 2)).toEqual([null, "SIGTERM"]);
    client.end();
  });

  it("a rekey in the middle of a transfer loses nothing", async () => {
    await using world = await startWorld([]);
    const content = randomBytes(8_000_000);
    const result = await world.ssh(["-o", "RekeyLimit=1M", "cat"], { input: content }, ["-o", "LogLevel=DEBUG1"]);
    expect(result.stdoutBytes.equals(content)).toBe(true);
    expect(result.stderr).toContain("rekeying in progress");
    // what a client's keys may sign with, beside the exchange
    expect(result.stderr).toContain(
      "server-sig-algs=<ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256>",
    );
  });

  it("has an exchange of keys for clients of FIPS 140 alone, and none that is dear", async () => {
    await using world = await startWorld([]);
    const only = (kex: string) => world.ssh(["echo in"], {}, ["-o", `KexAlgorithms=${kex}`]);
    expect((await only("ecdh-sha2-nistp256,diffie-hellman-group16-sha512")).stdout).toBe("in\n");
    expect((await only("diffie-hellman-group14-sha256")).stdout).toBe("in\n");
    expect((await only("diffie-hellman-group18-sha512")).code).toBe(255);
  });

  it("refuses forwards, agent and X11 unless the policy allows forwards", async () => {
    await using world = await startWorld([]);
    const local = await freePort();
    const jump = await world.ssh(["-W", `127.0.0.1:${world.sshd.port}`], { input: "" });
    expect(jump.code).not.toBe(0);
    expect((await world.ssh(["-o", "ExitOnForwardFailure=yes", "-R", `${local}:127.0.0.1:1`, "true"])).code).not.toBe(
      0,
    );
    const kinds = world.gateway.events.flatMap((event) =>
      event.type === "operation" && event.outcome === "deny" ? [event.kind, event.ruleId] : [],
    );
    expect(kinds).toEqual(["ssh direct-tcpip", "no-port-forwarding", "ssh tcpip-forward", "no-port-forwarding"]);
  });

  it("carries forwards that are allowed, counts them, and cuts one that turns out to be ssh", async () => {
    await using world = await startWorld([FORWARDS]);
    const server = createServer((socket) => socket.on("error", () => {}).pipe(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const echoed = await world.ssh(["-W", `127.0.0.1:${port}`], { input: "through" });
    expect(echoed.stdout).toBe("through");
    server.close();
    await eventually(() => world.gateway.events.find((event) => event.type === "forward"));
    expect(world.gateway.events.find((event) => event.type === "forward")).toMatchObject({
      to: `127.0.0.1:${port}`,
      bytesToTarget: 7,
      bytesToClient: 7,
    });
    const nested = await world.ssh(["-W", `127.0.0.1:${world.sshd.port}`], { input: "" });
    expect(nested.stdout).not.toContain("SSH-");
  });

  it("connects only to a host whose key was accepted, and says which it shows", async () => {
    await using world = await startWorld([], { target: { hostKeys: [] } });
    const result = await world.ssh(["true"]);
    expect(result.code).toBe(255);
    expect(result.stderr).toMatch(
      /^tidewaiter: web-1 was not connected: nobody has accepted a host key of it yet \(it shows SHA256:[A-Za-z0-9+/]{43}\)\n$/,
    );
    expect(world.sshd.log()).not.toContain("Accepted");
  });

  it("connects to a host by a certificate of its authority, for its name only", async () => {
    const certified = (certifiedAs: string) =>
      startWorld([], {
        sshd: { certifiedAs },
        target: (sshd) => ({ hostKeys: [], hostAuthorities: [sshd.hostAuthority] }),
      });
    await using world = await certified("127.0.0.1");
    expect(await world.ssh(["echo certified"])).toMatchObject({ code: 0, stdout: "certified\n" });
    await using other = await certified("another.example");
    expect((await other.ssh(["true"])).stderr).toContain("its host key has changed");
  });

  it("lets nobody in with another key, password or name, and audits it", async () => {
    await using world = await startWorld([]);
    const password = await world.ssh(["-o", "PreferredAuthentications=password", "true"]);
    expect(password.code).toBe(255);
    const named = await world.ssh(["true"], {}, ["-l", "bob+web-1"]);
    expect(named.code).toBe(255);
    expect(world.gateway.audit.map(({ type, data }) => [type, data.user])).toEqual([["login.refused", "bob+web-1"]]);
    expect((await world.ssh(["echo in"], {}, ["-l", "ana+web-1"])).stdout).toBe("in\n");
  });

  it("takes a connection secret also where a client answers questions before it tries passwords", async () => {
    await using world = await startWorld([]);
    const answering = async (secret: string) => {
      const file = join(world.folder.path, "askpass");
      writeFileSync(file, `#!/bin/sh\necho "$1" >> ${file}.asked\necho '${secret}'\n`, { mode: 0o700 });
      const env = { SSH_ASKPASS: file, SSH_ASKPASS_REQUIRE: "force" };
      const first = ["BatchMode=no", "PubkeyAuthentication=no", "NumberOfPasswordPrompts=1"];
      const options = first.flatMap((option) => ["-o", option]);
      const methods = ["-o", "PreferredAuthentications=keyboard-interactive"];
      const result = await world.ssh(["echo in"], { env }, [...options, ...methods, "-l", "ana+web-1"]);
      return { ...result, asked: readFileSync(`${file}.asked`, "utf8") };
    };
    const { code, stdout, asked } = await answering(world.gateway.secret);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "in\n" });
    expect(asked).toMatch(/Password: $/m);
    expect(await answering("another")).toMatchObject({ code: 255, stdout: "" });
    // nothing to sign in under in this world
    expect(await answering("")).toMatchObject({ code: 255, stdout: "" });
    expect(world.gateway.audit.map(({ type, data }) => [type, data.method])).toEqual(
      Array.from({ length: 2 }, () => ["login.refused", "keyboard-interactive"]),
    );
  });

  it("lets in clients without MACs after encryption, as libssh2 before 1.11, but none with SHA-1", async () => {
    await using world = await startWorld([]);
    const by = (mac: string) => world.ssh(["echo in"], {}, ["-o", "Ciphers=aes256-ctr", "-o", `MACs=${mac}`]);
    for (const mac of ["hmac-sha2-256", "hmac-sha2-512"])
      expect(await by(mac), mac).toMatchObject({ code: 0, stdout: "in\n" });
    expect((await by("hmac-sha1")).code).toBe(255);
  });

  it("shows its certificate, but not to clients that refuse one where they know the plain key", async () => {
    await using folder = tempDir("host-certificate");
    const path = (name: string): string => join(folder.path, name);
    for (const name of ["host", "authority"])
      await runCommand("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path(name)]);
    await runCommand("ssh-keygen", ["-q", "-s", path("authority"), "-I", "x", "-h", "-n", "gw", path("host.pub")]);
    const [, blob = ""] = readFileSync(path("host-cert.pub"), "utf8").split(" ");
    const key = { privateKey: readFileSync(path("host"), "utf8"), certificate: Buffer.from(blob, "base64") };
    await using world = await startWorld([], { hostKeys: () => [key] });
    const chosen = async (ident: string, serverHostKey: readonly string[]) => {
      const client = new ssh2.Client();
      client.on("error", () => {});
      const algorithms = { serverHostKey: serverHostKey as ServerHostKeyAlgorithm[] };
      client.connect({ host: "127.0.0.1", port: world.gateway.port, username: "web-1", ident, algorithms });
      const [negotiated] = (await once(client, "handshake")) as [{ serverHostKey: string }];
      client.end();
      return negotiated.serverHostKey;
    };
    const [certified, plain] = ["ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519"];
    expect(await chosen("OpenSSH_9.2", [certified, plain])).toBe(certified);
    expect(await chosen("OpenSSH_9.2", [plain])).toBe(plain);
    expect(await chosen("Go", [certified, plain])).toBe(plain);
    expect(await chosen("rclone/v1.60.1", [certified, plain])).toBe(plain);
  });

  it("names itself so that clients take the order of names that OpenSSH has in symbolic links", async () => {
    await using world = await startWorld([]);
    const socket = connect({ port: world.gateway.port, host: "127.0.0.1" });
    const [first] = (await once(socket, "data")) as [Buffer];
    socket.destroy();
    expect(first.toString("latin1")).toMatch(/^SSH-2\.0-Tidewaiter like OpenSSH_9\.0\r\n/);
  });

  it("ends a session from outside", async () => {
    await using world = await startWorld([]);
    const running = world.ssh(["echo begun; sleep 60"]);
    const session = await eventually(() => [...world.gateway.sessions][0]);
    await eventually(() => world.gateway.events.some((event) => event.type === "terminal"));
    session.interrupt({ type: "revoked", reason: "the grant has ended" });
    const result = await running;
    expect(result.code).toBe(255);
    expect(result.stderr).toContain("the grant has ended");
    await eventually(() => world.gateway.sessions.size === 0);
  });

  it("a client that vanishes leaves nothing behind; one that talks nonsense harms nobody", async () => {
    await using world = await startWorld([]);
    for (const bytes of [
      Buffer.from("GET / HTTP/1.1\r\n\r\n"),
      randomBytes(2_000),
      Buffer.from("SSH-2.0-x\r\n\0\0\0\0"),
    ]) {
      const socket = connect({ port: world.gateway.port, host: "127.0.0.1" });
      socket.on("error", () => {});
      socket.write(bytes);
    }
    const gone = new AbortController();
    const running = world.ssh(["sleep 77.7"], { signal: gone.signal, abortWith: "SIGKILL" });
    await eventually(() => world.gateway.events.some((event) => event.type === "operation"));
    await eventually(async () => (await runCommand("pgrep", ["-f", "sleep 77.7$"])).code === 0);
    gone.abort();
    await running;
    await eventually(() => world.gateway.sessions.size === 0);
    expect((await world.ssh(["echo fine"])).stdout).toBe("fine\n");
  });
});

skipUnless(missing === undefined && postQuantum === true, "OpenSSH 9.9 or later").it(
  "exchanges keys by mlkem768x25519-sha256 with OpenSSH's client and server, again and again",
  async () => {
    const config = ["KexAlgorithms mlkem768x25519-sha256", "RekeyLimit 1M", "LogLevel DEBUG1"];
    await using world = await startWorld([], { sshd: { config } });
    const content = randomBytes(4_000_000);
    const only = ["-o", "KexAlgorithms=mlkem768x25519-sha256", "-o", "RekeyLimit=1M", "-o", "LogLevel=DEBUG1"];
    const result = await world.ssh(["cat"], { input: content }, only);
    expect(result.stdoutBytes.equals(content)).toBe(true);
    for (const log of [result.stderr, world.sshd.log()])
      expect(log.match(/kex: algorithm: mlkem768x25519-sha256/g)?.length).toBeGreaterThan(1);
  },
);
