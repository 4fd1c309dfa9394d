import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, skipUnless, sshdMissing, tempDir } from "@tidewaiter/testkit";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { type SshWorld, startWorld } from "./world.ts";
import { type RealScreen, startScreen, xMissing } from "./x11-server.ts";

vi.setConfig({ testTimeout: 30_000 });

const missing = sshdMissing() ?? xMissing();
const allowing = [
  {
    name: "x.yaml",
    source: "version: 1\ndefaults: { unknown_statement: allow, builtins: { ssh_x11: allow } }\n",
  },
];

skipUnless(missing === undefined, missing ?? "X").describe("X11 that ssh -X lends", () => {
  const cookies = tempDir("x11-cookies");
  chmodSync(cookies.path, 0o777);
  // the home of its user may be nowhere
  const HOST = { config: ["X11Forwarding yes", `SetEnv XAUTHORITY=${join(cookies.path, "Xauthority")}`] };
  let world: SshWorld;
  let screen: RealScreen;
  beforeAll(async () => {
    world = await startWorld(allowing, { sshd: HOST });
    screen = await startScreen();
  });
  afterAll(async () => {
    await screen?.[Symbol.asyncDispose]();
    await world?.[Symbol.asyncDispose]();
    await cookies.remove();
  });
  const lending = (command: string, where = world, how = "-Y") => where.ssh([how, command], { env: screen.env });

  it("is refused by default, said and recorded, and the command runs", async () => {
    await using strict = await startWorld([], { sshd: HOST });
    const result = await lending('echo "display:$DISPLAY"', strict);
    expect(result).toMatchObject({ code: 0, stdout: "display:\n" });
    expect(result.stderr).toBe(
      "tidewaiter: X11 not forwarded on web-1: whoever controls the host could read your screen and type [no-x11-forwarding]. The session stays open.\n",
    );
    expect(strict.gateway.events.find((event) => event.type === "operation")).toMatchObject({ kind: "ssh exec" });
    expect(strict.gateway.events.find((event) => event.type === "operation" && event.kind === "ssh x11")).toMatchObject(
      { text: "X11 forwarding", outcome: "deny", ruleId: "no-x11-forwarding" },
    );
  });

  it.each(["-Y", "-X"])("carries a program's window with %s, and counts it", async (how) => {
    const before = world.gateway.events.length;
    const result = await lending('echo "$DISPLAY"; xdpyinfo', world, how);
    expect(result.stdout).toMatch(/^localhost:\d+\.0\n/);
    expect(result.stdout).toContain("dimensions:    640x480 pixels");
    await eventually(() => world.gateway.sessions.size === 0);
    const events = world.gateway.events.slice(before);
    expect(events.flatMap((event) => (event.type === "operation" ? [event.text] : [])).slice(1)).toEqual([
      "X11 forwarding",
      "X11 connect",
    ]);
    const [forward] = events.flatMap((event) => (event.type === "forward" ? [event] : []));
    expect(forward?.to).toBe("X11");
    expect(forward?.bytesToClient).toBeGreaterThan(50);
    expect(forward?.bytesToTarget).toBeGreaterThan(1_000);
  });

  it("opens only so many windows, and goes on", async () => {
    const before = world.gateway.events.length;
    const flood = `import os, select, socket, time
port = 6000 + int(os.environ["DISPLAY"].split(":")[1].split(".")[0])
held = [socket.create_connection(("127.0.0.1", port)) for n in range(100)]
closed, end = 0, time.time() + 10
while closed < 36 and time.time() < end:
    for s in select.select(held, [], [], 1)[0]:
        held.remove(s); closed += 1
print("refused", closed)
`;
    const script = join(world.sshd.home, "flood.py");
    writeFileSync(script, flood);
    // those that were held are given back when their ends have come through
    const again = "for n in $(seq 100); do xdpyinfo 2>/dev/null | grep dimensions && break; sleep 0.1; done";
    const result = await lending(`python3 ${script}; ${again}`);
    expect(result.stdout).toMatch(/^refused 36\n.*640x480/s);
    const connects = world.gateway.events
      .slice(before)
      .filter((event) => event.type === "operation" && event.text === "X11 connect");
    // and xdpyinfo's own
    expect(connects).toHaveLength(65);
  });

  it("a host that takes no X11 runs the command without", async () => {
    await using plain = await startWorld(allowing, { sshd: { config: ["X11Forwarding no"] } });
    const result = await lending('echo "display:$DISPLAY"', plain);
    expect(result).toMatchObject({ code: 0, stdout: "display:\n" });
    expect(result.stderr).toBe("tidewaiter: web-1 takes no X11 forwarding\n");
  });
});
