import { once } from "node:events";
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { eventually, freePort, runCommand, skipUnless, sshdMissing } from "@tidewaiter/testkit";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { type SshWorld, startWorld } from "./world.ts";

vi.setConfig({ testTimeout: 30_000 });

const missing = sshdMissing();
const FORWARDS = {
  name: "f.yaml",
  source: `version: 1
defaults: { unknown_statement: allow, builtins: { ssh_forward: allow } }
rules:
  - { id: no-docker, when: 'ssh.host.endsWith("docker.sock")', deny: that socket is root }
`,
};
/** Says something, says that it is done, and prints what comes back. */
const SPEAK = `import socket, sys
where = sys.argv[1]
s = socket.socket(socket.AF_UNIX) if "/" in where else socket.socket()
s.connect(where if "/" in where else ("127.0.0.1", int(where)))
s.sendall(b"asked"); s.shutdown(socket.SHUT_WR); s.settimeout(10)
answer = b""
while chunk := s.recv(1000): answer += chunk
print(answer.decode())
`;

/** Answers when its peer has said that it is done: needs both halves of a connection. */
async function answering(where: string | number): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket: Socket) => {
    let asked = "";
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      asked += chunk.toString();
    });
    socket.on("end", () => socket.end(`${asked} and answered`));
  });
  await new Promise<void>((resolve) =>
    typeof where === "number" ? server.listen(where, "127.0.0.1", resolve) : server.listen(where, resolve),
  );
  return server;
}

skipUnless(missing === undefined, missing ?? "sshd").describe("forwards over ssh", () => {
  let world: SshWorld;
  let server: Server;
  let port: number;
  let speak: string;
  beforeAll(async () => {
    world = await startWorld([FORWARDS]);
    server = await answering(0);
    port = (server.address() as { port: number }).port;
    speak = join(world.sshd.home, "speak.py");
    writeFileSync(speak, SPEAK);
  });
  afterAll(async () => {
    server?.close();
    await world?.[Symbol.asyncDispose]();
  });
  const STRICT = ["-o", "ExitOnForwardFailure=yes"];
  const operations = (from: number) =>
    world.gateway.events.slice(from).flatMap((event) => (event.type === "operation" ? [event] : []));

  it("-R with a socket, and with a port, carries both halves of a connection", async () => {
    const before = world.gateway.events.length;
    const socket = join(world.sshd.home, "r.sock");
    const bySocket = await world.ssh([...STRICT, "-R", `${socket}:127.0.0.1:${port}`, `python3 ${speak} ${socket}`]);
    expect(bySocket).toMatchObject({ code: 0, stdout: "asked and answered\n" });
    const there = await freePort();
    const byPort = await world.ssh([...STRICT, "-R", `${there}:127.0.0.1:${port}`, `python3 ${speak} ${there}`]);
    expect(byPort).toMatchObject({ code: 0, stdout: "asked and answered\n" });
    await eventually(() => world.gateway.sessions.size === 0);
    expect(operations(before).map(({ text }) => text)).toEqual([
      `streamlocal-forward ${socket}`,
      `python3 ${speak} ${socket}`,
      expect.stringMatching(/^tcpip-forward \S+:\d+$/),
      `python3 ${speak} ${there}`,
    ]);
    const forwards = world.gateway.events.slice(before).filter(({ type }) => type === "forward");
    expect(forwards).toMatchObject([
      { to: socket, bytesToClient: 5, bytesToTarget: 18 },
      { bytesToClient: 5, bytesToTarget: 18 },
    ]);
  });

  it("-R with a socket is refused by default, and by rule", async () => {
    await using strict = await startWorld([]);
    const socket = join(strict.sshd.home, "r.sock");
    const refused = await strict.ssh([...STRICT, "-R", `${socket}:127.0.0.1:${port}`, "true"]);
    expect(refused.code).toBe(255);
    expect(existsSync(socket)).toBe(false);
    expect(strict.gateway.events.find((event) => event.type === "operation")).toMatchObject({
      kind: "ssh streamlocal-forward",
      outcome: "deny",
      ruleId: "no-port-forwarding",
    });
    const before = world.gateway.events.length;
    const ruled = join(world.sshd.home, "docker.sock");
    expect((await world.ssh([...STRICT, "-R", `${ruled}:127.0.0.1:${port}`, "true"])).code).toBe(255);
    expect(operations(before)[0]).toMatchObject({ outcome: "deny", ruleId: "no-docker" });
  });

  it("a socket that is taken back is listened on no more", async () => {
    const mux = ["-o", `ControlPath=${join(world.folder.path, "cancel")}`];
    const socket = join(world.sshd.home, "c.sock");
    const forward = ["-R", `${socket}:127.0.0.1:${port}`];
    await world.ssh([...STRICT, "-o", "ControlMaster=yes", ...mux, "-o", "ControlPersist=30", ...forward, "-Nf"]);
    expect((await world.ssh([...mux, `python3 ${speak} ${socket}`])).stdout).toBe("asked and answered\n");
    await world.ssh([...mux, "-O", "cancel", ...forward]);
    expect((await world.ssh([...mux, `python3 ${speak} ${socket} 2>&1 | tail -n 1`])).stdout).toContain("refused");
    await world.ssh([...mux, "-O", "exit"]);
  });

  it("a client that vanishes leaves the count of what went through", async () => {
    const before = world.gateway.events.length;
    const gone = new AbortController();
    const silent = createServer((socket) => void socket.on("error", () => {}).write("greeting"));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const listening = (silent.address() as { port: number }).port;
    const local = await freePort();
    const running = world.ssh(["-L", `${local}:127.0.0.1:${listening}`, "-N"], {
      signal: gone.signal,
      abortWith: "SIGKILL",
    });
    const socket = await eventually(() => connected(local));
    const [session] = world.gateway.sessions;
    const end = session?.end.bind(session);
    if (session === undefined || end === undefined) throw new Error("there is no session");
    const recorded = Promise.withResolvers<unknown>();
    vi.spyOn(session, "end").mockImplementation((reason) => {
      recorded.resolve(world.gateway.events.slice(before).find(({ type }) => type === "forward"));
      return end(reason);
    });
    await once(socket, "data");
    gone.abort();
    await running;
    expect(await recorded.promise).toMatchObject({ to: `127.0.0.1:${listening}`, bytesToClient: 8 });
    socket.destroy();
    silent.close();
    await eventually(() => world.gateway.sessions.size === 0);
  });

  const LOUD = ["-o", "LogLevel=INFO"];
  const PROHIBITED = "open failed: administratively prohibited: tidewaiter: not opened on web-1: ";
  const BY_DEFAULT = `${PROHIBITED}what goes through a forward is neither read nor recorded [no-port-forwarding]`;

  it("-W and -J that the policy refuses say which rule, and why", async () => {
    await using strict = await startWorld([]);
    const direct = await strict.ssh(["-W", "10.0.0.1:22"], {}, LOUD);
    expect(direct).toMatchObject({ code: 255, stdout: "" });
    expect(direct.stderr).toContain(`channel 0: ${BY_DEFAULT}`);
    const options = strict.options.filter((option) => option !== "-o").map((option) => option.replace("=", " "));
    const config = join(strict.folder.path, "config");
    const gateway = ["Host gateway", "HostName 127.0.0.1", "LogLevel INFO", ...options];
    writeFileSync(config, `${gateway.join("\n")}\n`);
    const jump = await runCommand("ssh", ["-F", config, "-J", "gateway", "deploy@10.0.0.1", "true"]);
    expect(jump.code).toBe(255);
    expect(jump.stderr).toContain(BY_DEFAULT);
  });

  it("-L and -D that are refused, or lead nowhere, say why while the connection goes on", async () => {
    const [toSocket, toNowhere, socks] = [await freePort(), await freePort(), await freePort()];
    const nowhere = await freePort();
    const over = new AbortController();
    let said = "";
    const forwards = [
      ...["-L", `127.0.0.1:${toSocket}:/run/docker.sock`, "-L", `127.0.0.1:${toNowhere}:127.0.0.1:${nowhere}`],
      ...["-D", `127.0.0.1:${socks}`, "-N"],
    ];
    const hear = (chunk: Buffer): void => {
      said += chunk.toString();
    };
    const running = world.ssh([...STRICT, ...forwards], { signal: over.signal, onStderr: hear }, LOUD);
    const failed = `open failed: connect failed: tidewaiter: 127.0.0.1:${nowhere} was not reached from web-1: Connection refused`;
    (await eventually(() => connected(toSocket))).destroy();
    await eventually(() => said.includes(`${PROHIBITED}that socket is root [no-docker]. The session stays open.`));
    (await eventually(() => connected(toNowhere))).destroy();
    await eventually(() => said.includes(failed));
    const asking = await eventually(() => connected(socks));
    asking.write(Buffer.from([5, 1, 0]));
    await once(asking, "data");
    asking.write(Buffer.from([5, 1, 0, 1, 127, 0, 0, 1, nowhere >> 8, nowhere & 255]));
    await eventually(() => said.split(failed).length === 3);
    asking.destroy();
    over.abort();
    await running;
    await eventually(() => world.gateway.sessions.size === 0);
  });

  it("-L to a socket of the host, and -D", async () => {
    const before = world.gateway.events.length;
    const remote = join(world.sshd.home, "l.sock");
    const there = await answering(remote);
    chmodSync(remote, 0o777);
    const mux = ["-o", `ControlPath=${join(world.folder.path, "local")}`];
    const [local, socks] = [await freePort(), await freePort()];
    const forwards = ["-L", `127.0.0.1:${local}:${remote}`, "-D", `127.0.0.1:${socks}`];
    await world.ssh([...STRICT, "-o", "ControlMaster=yes", ...mux, "-o", "ControlPersist=30", ...forwards, "-Nf"]);
    expect(await asked(local)).toBe("asked and answered");
    // SOCKS 5 (RFC 1928): no authentication, CONNECT to an IPv4 address; each answered before the next
    const connectTo = Buffer.from([5, 1, 0, 1, 127, 0, 0, 1, port >> 8, port & 255]);
    expect(await asked(socks, [Buffer.from([5, 1, 0]), connectTo])).toBe("asked and answered");
    await world.ssh([...mux, "-O", "exit"]);
    there.close();
    await eventually(() => world.gateway.sessions.size === 0);
    expect(operations(before).map(({ text }) => text)).toEqual([
      `direct-streamlocal ${remote}`,
      `direct-tcpip 127.0.0.1:${port}`,
    ]);
  });
});

/** Undefined while nobody listens. */
async function connected(port: number): Promise<Socket | undefined> {
  const socket = createConnection({ port, host: "127.0.0.1" });
  const opened = once(socket, "connect").then(
    () => true,
    () => false,
  );
  return (await opened) ? socket : undefined;
}

async function asked(port: number, first: readonly Buffer[] = []): Promise<string> {
  const socket = createConnection({ port, host: "127.0.0.1", allowHalfOpen: true });
  for (const each of first) {
    socket.write(each);
    await once(socket, "data");
  }
  let answer = "";
  socket.on("data", (chunk: Buffer) => {
    answer += chunk.toString();
  });
  socket.end("asked");
  await once(socket, "end");
  return answer;
}
