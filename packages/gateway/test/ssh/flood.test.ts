import { once } from "node:events";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { eventually, skipUnless, sshdMissing } from "@tidewaiter/testkit";
import type { Client, ClientChannel } from "ssh2";
import ssh2 from "ssh2";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { inside, numberOf, rawClient } from "./raw-client.ts";
import { type SshWorld, startWorld } from "./world.ts";

vi.setConfig({ testTimeout: 30_000 });

const missing = sshdMissing();

const exec = (client: Client, command: string) =>
  new Promise<ClientChannel>((resolve, reject) =>
    client.exec(command, (error, made) => (error ? reject(error) : resolve(made))),
  );

/** However it came: a reset is an end as well. */
const closing = (client: Client) => new Promise<void>((resolve) => void client.once("close", () => resolve()));

/** The window and the size of packets that the client names for its channels. */
function names(client: Client, window: number, packetSize: number): void {
  const protocol = inside(client)._protocol;
  const open = protocol.session.bind(protocol);
  protocol.session = (channel) => open(channel, window, packetSize);
}

skipUnless(missing === undefined, missing ?? "sshd").describe("clients that ask too much over ssh", () => {
  let world: SshWorld;
  beforeAll(async () => {
    world = await startWorld([]);
  });
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]();
  });
  const isFine = async (): Promise<void> => expect((await world.ssh(["echo fine"])).stdout).toBe("fine\n");
  const sentToClients = (): number =>
    [...world.gateway.sessions].reduce((sum, session) => sum + session.counters.bytesToClient, 0);

  it.each([0, 1])("packets of %s bytes at most do not stop the gateway", async (size) => {
    const client = await rawClient(world);
    names(client, 1 << 20, size);
    const channel = await exec(client, "seq 1 2000");
    let output = "";
    channel.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    await once(channel, "close");
    expect(output).toBe(Array.from({ length: 2000 }, (_, n) => `${n + 1}\n`).join(""));
    client.end();
    await isFine();
  });

  it("a client that names an endless window and reads nothing is sent what its socket takes", async () => {
    const client = await rawClient(world);
    names(client, 0xffff_ffff, 0x8000);
    await exec(client, "head -c 300000000 /dev/zero");
    inside(client)._sock.pause();
    let before = -1;
    await eventually(
      () => {
        const now = sentToClients();
        const stands = now > 0 && now === before;
        before = now;
        return stands;
      },
      { within: 15_000, every: 300 },
    );
    // what the kernel keeps for both sockets, and what we do
    expect(sentToClients()).toBeLessThan(40_000_000);
    await isFine();
    inside(client)._sock.destroy();
    await eventually(() => world.gateway.sessions.size === 0);
  });

  it("a client that sends more than its window is hung up on", async () => {
    const client = await rawClient(world);
    const channel = await exec(client, "sleep 20");
    const { _protocol: protocol, _sock: socket } = inside(client);
    const closed = closing(client);
    const chunk = Buffer.alloc(32_768);
    for (let sent = 0; sent < 40_000_000 && !socket.destroyed; sent += chunk.length) {
      protocol.channelData(numberOf(channel), chunk);
      if (socket.writableNeedDrain)
        await Promise.race([new Promise((resolve) => socket.once("drain", resolve)), closed]);
    }
    await closed;
    await isFine();
  });

  it("both streams of a command come whole to a client that reads slowly", async () => {
    const client = await rawClient(world);
    const channel = await exec(client, "seq 1 600000 & seq 600001 1200000 >&2; wait");
    const collect = (stream: Readable) => {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        stream.pause();
        setTimeout(() => stream.resume(), 2);
      });
      return chunks;
    };
    const [out, err] = [collect(channel), collect(channel.stderr)];
    await once(channel, "close");
    const lines = (from: number) => Array.from({ length: 600_000 }, (_, n) => `${from + n}\n`).join("");
    await eventually(() => Buffer.concat(err).length >= lines(600_001).length, { within: 20_000 });
    expect(Buffer.concat(out).toString() === lines(1)).toBe(true);
    expect(Buffer.concat(err).toString() === lines(600_001)).toBe(true);
    client.end();
  });

  it("thousands of sizes of a window are a few in the recording and at the host, the last one among them", async () => {
    const client = await rawClient(world);
    const before = world.gateway.events.length;
    const shell = await new Promise<ClientChannel>((resolve) =>
      client.shell({ term: "xterm", rows: 24, cols: 80 }, (_, made) => resolve(made)),
    );
    let output = "";
    shell.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    await eventually(() => output.includes("$"));
    for (let n = 0; n < 5_000; n++) inside(client)._protocol.windowChange(numberOf(shell), 30, 100 + (n % 50), 0, 0);
    inside(client)._protocol.windowChange(numberOf(shell), 40, 4_000_000_000, 0, 0);
    const sizes = () => world.gateway.events.slice(before).filter((event) => event.type === "terminal_size");
    await eventually(() => sizes().some((event) => event.rows === 40));
    expect(sizes().length).toBeLessThan(60);
    expect(sizes().at(-1)).toMatchObject({ rows: 40, columns: 1000 });
    shell.write("stty size; exit\r");
    await once(shell, "close");
    expect(output).toContain("40 1000");
    client.end();
  });

  it("agent forwarding that is asked for again and again is one refusal of its channel", async () => {
    const client = await rawClient(world);
    const before = world.gateway.events.length;
    const channel = await exec(client, "cat");
    for (let n = 0; n < 500; n++) inside(client)._protocol.openssh_agentForward(numberOf(channel), false);
    channel.end("over\n");
    channel.resume();
    await once(channel, "close");
    const refused = world.gateway.events
      .slice(before)
      .filter((event) => event.type === "operation" && event.kind === "ssh auth-agent");
    expect(refused).toHaveLength(1);
    client.end();
  });

  it("signals and variables without end leave the command as it is", async () => {
    const client = await rawClient(world);
    const channel = await exec(client, "trap '' USR1; echo begun; cat");
    let output = "";
    channel.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    await eventually(() => output === "begun\n");
    const { _protocol: protocol } = inside(client);
    for (let n = 0; n < 2_000; n++) {
      protocol.signal(numberOf(channel), "USR1");
      protocol.env(numberOf(channel), `LC_${n}`, "x".repeat(10_000), false);
    }
    channel.end("over\n");
    await once(channel, "close");
    expect(output).toContain("over\n");
    client.end();
  });

  it("global requests behind one that waits for a person are answered up to a number, then hung up on", async () => {
    const client = await rawClient(world);
    const session = await eventually(() => [...world.gateway.sessions].at(-1));
    vi.spyOn(session, "admit").mockImplementation(() => new Promise(() => {}));
    const { _protocol: protocol } = inside(client);
    const closed = closing(client);
    for (let n = 0; n < 900; n++) protocol.tcpipForward("127.0.0.1", 0, true);
    await delay(100);
    expect(inside(client)._sock.destroyed).toBe(false);
    for (let n = 0; n < 900; n++) protocol.ping();
    await closed;
    await isFine();
  });

  it("exchanges keys once for a client that has not signed in", async () => {
    const client = new ssh2.Client();
    client.on("error", () => {});
    let exchanges = 0;
    client.on("handshake", () => {
      exchanges++;
      inside(client)._protocol.rekey();
    });
    const closed = closing(client);
    client.connect({ host: "127.0.0.1", port: world.gateway.port, username: "web-1", authHandler: () => {} });
    await closed;
    expect(exchanges).toBeLessThan(5);
    await isFine();
  });

  it("exchanges keys with a client that has signed in as often as anybody needs, then hangs up", async () => {
    const client = await rawClient(world);
    inside(client)._sock.setNoDelay();
    const closed = closing(client);
    let exchanges = 0;
    client.on("handshake", () => {
      exchanges++;
      inside(client)._protocol.rekey();
    });
    inside(client)._protocol.rekey();
    await closed;
    expect(exchanges).toBeGreaterThanOrEqual(60);
    expect(exchanges).toBeLessThan(80);
    await isFine();
  });

  it("tells OpenSSH that it exchanges keys too often", async () => {
    const often = ["-o", "LogLevel=INFO", "-o", "RekeyLimit=16K"];
    const command = "for n in $(seq 300); do head -c 20000 /dev/zero; sleep 0.01; done";
    const { code, stderr } = await world.ssh([command], {}, often);
    expect(code).toBe(255);
    expect(stderr).toMatch(/Received disconnect from 127\.0\.0\.1 .*: tidewaiter: keys were exchanged too often/);
  });
});
