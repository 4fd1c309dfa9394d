import { once } from "node:events";
import { readFileSync } from "node:fs";
import { eventually, interactive, skipUnless, sshdMissing } from "@tidewaiter/testkit";
import ssh2 from "ssh2";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { type SshWorld, startWorld } from "./world.ts";

vi.setConfig({ testTimeout: 30_000 });

const missing = sshdMissing();
const AS_ANA = ["-o", "User=ana"];

skipUnless(missing === undefined, missing ?? "sshd").describe("ssh without a resource", () => {
  let world: SshWorld;
  beforeAll(async () => {
    world = await startWorld([], {
      endpoint: () => ({ host: "gw.example", port: 6422 }),
      reachable: [
        { name: "app-1", tags: { note: "\u001b[2Jowned" }, levels: ["read"] },
        { name: "web-1", tags: { env: "prod" }, levels: ["read", "write"] },
      ],
    });
  });
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]();
  });

  const terminal = (more: readonly string[] = AS_ANA, term = "xterm") =>
    interactive("ssh", ["-F", "none", "-tt", ...more, ...world.options, "127.0.0.1"], { TERM: term });

  it("shows a menu; the choice goes on in the same connection, and what was typed behind it too", async () => {
    const shell = terminal();
    await shell.see("Where to, ana?");
    await shell.see("  2  web-1  read, write  env=prod");
    expect(shell.told.stdout).toContain("note=\\e[2Jowned");
    expect(world.gateway.sessions.size).toBe(0);
    shell.type("we");
    await shell.see(": we");
    shell.type("b\recho in-$((40+2))\rexit\r");
    await shell.see("in-42");
    expect(await shell.closed).toBe(0);
  });

  it("opens the terminal with the size that it has when the choice is made", async () => {
    const client = new ssh2.Client();
    client.connect({
      host: "127.0.0.1",
      port: world.gateway.port,
      username: "ana",
      privateKey: readFileSync(world.identity),
    });
    await once(client, "ready");
    const shell = await new Promise<ssh2.ClientChannel>((resolve) =>
      client.shell({ term: "xterm", rows: 24, cols: 80 }, (_, made) => resolve(made)),
    );
    let output = "";
    shell.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    await eventually(() => output.includes("env=prod"));
    shell.setWindow(50, 41, 0, 0);
    // drawn again
    await eventually(() => output.match(/Where to, ana\?/g)?.length === 2);
    shell.write("web\rstty size; exit\r");
    await once(shell, "close");
    expect(output).toContain("50 41");
    client.end();
  });

  it("leaves by Ctrl-C, and by the end of what is typed", async () => {
    const one = terminal();
    await one.see("Where to, ana?");
    one.type("\u0003");
    expect(await one.closed).toBe(130);
    const other = terminal();
    await other.see("Where to, ana?");
    other.end();
    expect(await other.closed).toBe(130);
    expect(world.gateway.sessions.size).toBe(0);
  });

  it("says why a choice cannot be opened", async () => {
    const shell = terminal();
    await shell.see("Where to, ana?");
    shell.type("1\r");
    expect(await shell.closed).toBe(255);
    expect(shell.told.stderr).toContain("app-1: there is no such resource");
  });

  it("asks as well when the user name is nothing that may be reached, but not past a level or a login", async () => {
    const shell = terminal(["-o", "User=root"]);
    await shell.see("root: there is no such resource");
    await shell.see("  2  web-1");
    shell.type("2\rexit\r");
    expect(await shell.closed).toBe(0);
    const login = await world.ssh(["-tt"], { input: "" }, ["-o", "User=deploy@root"]);
    expect(login.stderr + login.stdout).not.toContain("web-1");
  });

  it("lists commands where nobody can be asked", async () => {
    for (const args of [["uptime"], ["-T"], ["-s", "sftp"]]) {
      const result = await world.ssh(args, { input: "" }, AS_ANA);
      expect(result).toMatchObject({ code: 255, stdout: "" });
      expect(result.stderr).toBe(
        [
          "tidewaiter: which host? You are ana.",
          "tidewaiter: ssh -p 6422 app-1@gw.example    (read)",
          "tidewaiter: ssh -p 6422 web-1@gw.example    (read, write)",
          "",
        ].join("\n"),
      );
    }
    expect(await terminal(AS_ANA, "dumb").closed).toBe(255);
    expect(world.gateway.sessions.size).toBe(0);
  });

  it("asks nobody who has said it", async () => {
    expect(await world.ssh(["echo in"])).toMatchObject({ code: 0, stdout: "in\n", stderr: "" });
  });
});
