import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { eventually, runCommand, skipUnless, sshdMissing } from "@tidewaiter/testkit";
import type ssh2 from "ssh2";
import { expect, it, vi } from "vitest";
import { rawClient } from "./raw-client.ts";
import { startWorld } from "./world.ts";

vi.setConfig({ testTimeout: 30_000 });

const missing = sshdMissing();
const FORWARDS = { name: "f.yaml", source: "version: 1\ndefaults: { builtins: { ssh_forward: allow } }\n" };
const MASKED = {
  name: "m.yaml",
  source: `version: 1
defaults: { unknown_statement: allow }
labels:
  pii.email: { detect: [email] }
rules:
  - id: no-secrets
    when: ssh.direction == "download" && ssh.path.startsWith("/etc/")
    deny: stays there
  - id: mask-pii
    mask: { default: constant }
`,
};

skipUnless(missing === undefined, missing ?? "sshd").describe("hostile clients over ssh", () => {
  it("a forward that is asked for when the target has left harms nobody", async () => {
    await using world = await startWorld([FORWARDS]);
    const client = await rawClient(world);
    const session = await eventually(() => [...world.gateway.sessions][0]);
    const judged = Promise.withResolvers<void>();
    const left = Promise.withResolvers<void>();
    const admit = session.admit.bind(session);
    vi.spyOn(session, "admit").mockImplementation(async (request) => {
      const admission = await admit(request);
      judged.resolve();
      await left.promise;
      return admission;
    });
    const answer = new Promise((resolve) => client.forwardOut("127.0.0.1", 1, "127.0.0.1", 1, resolve));
    await judged.promise;
    session.interrupt({ type: "revoked", reason: "the grant has ended" });
    expect(await answer).toBeInstanceOf(Error);
    left.resolve();
    client.end();
    await eventually(() => world.gateway.sessions.size === 0);
    expect((await world.ssh(["echo fine"])).stdout).toBe("fine\n");
  });

  it("agent forwarding that is asked for when nothing can be recorded harms nobody", async () => {
    await using world = await startWorld([]);
    const client = await rawClient(world);
    const session = await eventually(() => [...world.gateway.sessions][0]);
    const agentAsked = Promise.withResolvers<void>();
    vi.spyOn(session, "admit").mockImplementation(async ({ operation }) => {
      if (operation.type === "ssh" && operation.channel === "auth-agent") agentAsked.resolve();
      await agentAsked.promise;
      throw new Error("the disk is full");
    });
    const { _protocol: protocol } = client as unknown as {
      _protocol: { openssh_agentForward(channel: number, reply: boolean): void };
    };
    const shell = await new Promise<ssh2.ClientChannel>((resolve) => client.exec("true", (_, made) => resolve(made)));
    protocol.openssh_agentForward((shell as unknown as { outgoing: { id: number } }).outgoing.id, false);
    shell.resume();
    await once(shell, "close");
    client.end();
    expect((await world.ssh(["echo fine"])).stdout).toBe("fine\n");
  });

  it("a client that leaves while it is told something harms nobody", async () => {
    const source = `version: 1
rules:
  - { id: ask-first, when: '"touch" in ssh.programs', review: { by: ["group:reviewers"] } }
`;
    await using world = await startWorld([{ name: "r.yaml", source }]);
    for (const how of ["channel", "connection"] as const) {
      const client = await rawClient(world);
      // what it is told finds no window, and waits
      const { _protocol: protocol } = client as unknown as {
        _protocol: { session(channel: number, window: number, packet: number): void };
      };
      const open = protocol.session.bind(protocol);
      protocol.session = (channel, _, packet) => open(channel, 0, packet);
      const opened = world.gateway.nextReview();
      const channel = await new Promise<ssh2.ClientChannel>((resolve) =>
        client.exec("touch /tmp/never", (_, made) => resolve(made)),
      );
      const id = await opened;
      if (how === "channel") channel.close();
      else client.destroy();
      await eventually(() => world.gateway.reviews.get(id)?.state === "withdrawn");
      client.end();
      await eventually(() => world.gateway.sessions.size === 0);
    }
    expect((await world.ssh(["echo fine"])).stdout).toBe("fine\n");
  });

  it("a client that has left before it was let in gets no session", async () => {
    const slow = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    let decided = 0;
    await using world = await startWorld([], {
      host: (host) => ({
        ...host,
        controlPlane: {
          ...host.controlPlane,
          authenticate: async (proof) => {
            asked.resolve();
            await slow.promise;
            decided++;
            return host.controlPlane.authenticate(proof);
          },
        },
      }),
    });
    const gone = new AbortController();
    const running = world.ssh(["true"], { signal: gone.signal, abortWith: "SIGKILL" });
    await asked.promise;
    gone.abort();
    await running;
    await delay(50);
    slow.resolve();
    expect((await world.ssh(["echo in"])).stdout).toBe("in\n");
    expect(decided).toBe(2);
    await eventually(() => world.gateway.sessions.size === 0);
  });

  it("tells why to a channel that is asked for when the session has ended already", async () => {
    await using world = await startWorld([]);
    const client = await rawClient(world);
    const session = await eventually(() => [...world.gateway.sessions][0]);
    session.interrupt({ type: "revoked", reason: "the grant has ended" });
    const channel = await new Promise<ssh2.ClientChannel>((resolve) => client.exec("true", (_, made) => resolve(made)));
    const closed = once(channel.resume(), "close");
    const [said] = (await once(channel.stderr, "data")) as [Buffer];
    expect(said.toString()).toContain("the session has ended: the grant has ended");
    await closed;
    client.end();
    await eventually(() => world.gateway.sessions.size === 0);
  });

  it("hangs up on a client that does not", async () => {
    await using world = await startWorld([]);
    const client = await rawClient(world);
    const session = await eventually(() => [...world.gateway.sessions][0]);
    const { _sock: socket } = client as unknown as { _sock: import("node:net").Socket };
    socket.allowHalfOpen = true;
    socket.end = () => socket;
    socket.removeAllListeners("end");
    // an end alone is not noticed by this one; what it sends is answered with a reset once nobody is there
    const closed = new Promise((resolve) => socket.once("close", resolve));
    session.interrupt({ type: "revoked", reason: "the grant has ended" });
    const talking = setInterval(() => socket.write("still here"), 100);
    await closed;
    clearInterval(talking);
    await eventually(() => world.gateway.sessions.size === 0);
  });

  it("a signal without a name and a second exec leave the connection as it is", async () => {
    await using world = await startWorld([]);
    const client = await rawClient(world);
    const running = await new Promise<ssh2.ClientChannel>((resolve) =>
      client.exec("echo begun; read x; echo $x", (_, made) => resolve(made)),
    );
    const { outgoing } = running as unknown as { outgoing: { id: number } };
    const { _protocol: protocol } = client as unknown as {
      _protocol: {
        exec(channel: number, command: string, reply: boolean): void;
        readonly _packetRW: {
          readonly write: {
            readonly allocStart: number;
            alloc(size: number): Buffer;
            finalize(packet: Buffer): Buffer;
          };
        };
        readonly _cipher: { encrypt(packet: Buffer): void };
      };
    };
    let output = "";
    running.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    await eventually(() => output === "begun\n");
    protocol.exec(outgoing.id, "echo second", false);
    const request = Buffer.from("\x62____\0\0\0\x06signal\0\0\0\0\x04NONE", "latin1");
    request.writeUInt32BE(outgoing.id, 1);
    const { write } = protocol._packetRW;
    const packet = write.alloc(request.length);
    request.copy(packet, write.allocStart);
    protocol._cipher.encrypt(write.finalize(packet));
    running.end("first\n");
    await once(running, "close");
    expect(output).toBe("begun\nfirst\n");
    client.end();
  });

  it("closes the ports of remote forwards, and only as many as it opened", async () => {
    await using world = await startWorld([FORWARDS]);
    const client = await rawClient(world);
    client.on("tcp connection", (_, accept) => accept().end("hello"));
    const open = () =>
      new Promise<number | undefined>((resolve) =>
        client.forwardIn("127.0.0.1", 0, (error, port) => resolve(error ? undefined : port)),
      );
    const ports = await Promise.all(Array.from({ length: 12 }, open));
    expect(ports.filter((port) => port !== undefined)).toHaveLength(8);
    const [first = 0] = ports;
    await new Promise((resolve) => client.unforwardIn("127.0.0.1", first, resolve));
    // free again
    const server = createServer();
    await eventually(async () => {
      server.listen(first, "127.0.0.1");
      await once(server, "listening");
      return true;
    });
    server.close();
    expect(await open()).toBeGreaterThan(0);
    client.end();
  });

  it("masks whatever stands beside the far end of a protocol", async () => {
    await using world = await startWorld([MASKED]);
    const file = join(world.sshd.home, "c.csv");
    writeFileSync(file, "1,ana.lopez@example.com\n");
    for (const beside of ["rsync --version >/dev/null", "scp -t /nowhere </dev/null", "git-upload-pack x </dev/null"]) {
      const { stdout } = await world.ssh([`cat ${file}; ${beside} 2>/dev/null`]);
      expect(stdout, beside).toContain("1,[mail]\n");
      expect(stdout).not.toContain("ana.lopez");
    }
  });

  it("reads SFTP as SFTP, and paths without detours, however the server is started", async () => {
    await using world = await startWorld([MASKED]);
    const to = join(world.folder.path, "to");
    const sftp = (path: string, ...how: string[]) =>
      runCommand("sftp", ["-F", "none", ...how, "-b", "-", ...world.options, "127.0.0.1"], {
        input: `get ${path} ${to}\n`,
      });
    const server = ["-s", "/usr/lib/openssh/sftp-server"];
    expect((await sftp("/etc/hostname", ...server)).stderr).toContain("[no-secrets]");
    expect((await sftp("/usr/../etc/hostname")).stderr).toContain("[no-secrets]");
    expect((await world.ssh(["cat /usr/..//etc/hostname"])).code).toBe(126);
    const fine = join(world.sshd.home, "fine");
    writeFileSync(fine, "fine");
    expect((await sftp(fine, ...server)).code).toBe(0);
  });

  it("judges a shell without a terminal as a line that cannot be read", async () => {
    await using world = await startWorld([
      { name: "n.yaml", source: "version: 1\ndefaults: { unknown_statement: deny }\n" },
    ]);
    const result = await world.ssh(["-T"], { input: "echo unseen\n" });
    expect(result.code).not.toBe(0);
    expect(result.stdout).toBe("");
    expect(result.stderr).toContain("cannot be read");
  });

  it("counts what is printed in pieces against a budget", async () => {
    const source = `version: 1
labels:
  pii.email: { detect: [email] }
rules:
  - id: little
    budget: { window: 1h, bytes: 2kB, per: resource }
  - id: mask-pii
    mask: { default: constant }
`;
    await using world = await startWorld([{ name: "b.yaml", source }]);
    // no line ends, and each piece waits longer than it is held back
    const result = await world.ssh(["for i in 1 2 3 4 5 6 7 8; do printf '%01000d' 0; sleep 0.06; done"]);
    expect(result.stdout.length).toBeLessThanOrEqual(2_000);
    expect(result.stderr).toContain("[little]");
  });
});
