import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, interactive, skipUnless, sshdMissing } from "@tidewaiter/testkit";
import { expect, it, vi } from "vitest";
import { type SshWorld, startWorld } from "./world.ts";

vi.setConfig({ testTimeout: 30_000 });

const missing = sshdMissing();

const POLICY = {
  name: "t.yaml",
  source: `version: 1
labels:
  pii.email: { detect: [email] }
rules:
  - id: no-curl
    when: '"curl" in ssh.programs'
    deny: '"curl" to outside hosts is stopped in prod'
  - id: ask-first
    when: '"touch" in ssh.programs'
    review: { by: ["group:reviewers"] }
  - id: mask-pii
    mask: { default: constant }
`,
};

const terminal = (world: SshWorld) => interactive("ssh", ["-F", "none", "-tt", ...world.options, "127.0.0.1"]);

const typed = (world: SshWorld): string[] =>
  world.gateway.events.flatMap((event) =>
    event.type === "operation" && event.kind === "ssh typed" ? [event.text] : [],
  );

skipUnless(missing === undefined, missing ?? "sshd").describe("a terminal over ssh", () => {
  it("judges lines at Enter as the screen shows them: edited, never what is not shown", async () => {
    await using world = await startWorld([POLICY]);
    const shell = terminal(world);
    await shell.see("$ ");
    shell.type("PS1='ready> '; PS2=''; echo on\r");
    await shell.see("on\r\n");
    await shell.see("ready> ");
    shell.type("echo curx\u007fl\r");
    await shell.see("curl\r\n");
    await shell.see("ready> ");
    shell.type("stty -echo; printf as''ked; read x; stty echo; echo g''ot\r");
    await shell.see("asked");
    shell.type("hunter2\r");
    await shell.see("got\r\n");
    await shell.see("ready> ");
    shell.type("exit 3\r");
    expect(await shell.closed).toBe(3);
    expect(typed(world)).toContain("echo curl");
    expect(JSON.stringify(world.gateway.events)).not.toContain("hunter2");
  });

  it("refuses a line, and the shell goes on", async () => {
    await using world = await startWorld([POLICY]);
    const shell = terminal(world);
    await shell.see("$ ");
    shell.type("PS1='ready> '; echo on\r");
    await shell.see("on\r\n");
    await shell.see("ready> ");
    shell.type("curl https://example.com\r");
    await shell.see('tidewaiter: not run on web-1: "curl" to outside hosts is stopped in prod [no-curl]');
    await shell.see("ready> ");
    shell.type("echo alive\r");
    await shell.see("alive\r\n");
    shell.type("exit\r");
    expect(await shell.closed).toBe(0);
  });

  it("holds a line until a person approves; Ctrl-C takes it back", async () => {
    await using world = await startWorld([POLICY]);
    const shell = terminal(world);
    await shell.see("$ ");
    shell.type("PS1='ready> '; echo on\r");
    await shell.see("on\r\n");
    await shell.see("ready> ");
    const opened = world.gateway.nextReview();
    shell.type(`touch ${join(world.sshd.home, "a")} && echo made\r`);
    await shell.see("waiting for a person; this has NOT run [ask-first]");
    await world.gateway.decide(await opened, "approve", "mia", "go");
    await shell.see('approved by mia: "go". Running.');
    await shell.see("made\r\n");
    const second = world.gateway.nextReview();
    shell.type(`touch ${join(world.sshd.home, "b")}\r`);
    await shell.see("waiting for a person");
    const id = await second;
    shell.type("\u0003");
    await shell.see("you took it back");
    await eventually(() => world.gateway.reviews.get(id)?.state === "withdrawn");
    shell.type("exit\r");
    expect(await shell.closed).toBe(0);
  });

  it("judges lines that a client dresses up: pastes, several Enters, other keys that run a line", async () => {
    await using world = await startWorld([POLICY]);
    const refused = 'tidewaiter: not run on web-1: "curl"';
    for (const [shellName, keys] of [
      ["bash --norc", "\u001b[200~curl x\u001b[201~\r"],
      ["sh", "\u001b[200~\ncurl x\r"],
      ["sh", "curl x\r\r\r"],
      ["bash --norc", "cux\u007frl x\r\r\r"],
      ["bash --norc", "curl x\u000f"],
    ] as const) {
      const shell = terminal(world);
      await shell.see("$ ");
      shell.type(`PS1='ready> ' exec ${shellName}\r`);
      await shell.see("ready> ");
      await shell.see("ready> ");
      for (const part of keys.startsWith("cu") ? ["cu", keys.slice(2)] : [keys]) shell.type(part);
      await shell.see(refused);
      shell.leave();
      await shell.closed;
      expect(shell.told.stdout, keys).not.toContain("curl: ");
    }
    // a closing bracket in two pieces still closes
    const shell = terminal(world);
    await shell.see("$ ");
    shell.type("PS1='ready> ' exec bash --norc\r");
    await shell.see("ready> ");
    await shell.see("ready> ");
    // nothing is shown before a paste ends, so what has arrived is counted
    const session = [...world.gateway.sessions].at(-1);
    const before = session?.counters.bytesToTarget ?? 0;
    const piece = "\u001b[200~echo a\u001b[20";
    shell.type(piece);
    await eventually(() => session?.counters.bytesToTarget === before + piece.length);
    shell.type("1~\r");
    await shell.see("ready> ");
    shell.type("curl x\r");
    await shell.see(refused);
    shell.leave();
    await shell.closed;
  });

  it("masks what is shown and records it as shown, with sizes", async () => {
    await using world = await startWorld([POLICY]);
    const file = join(world.sshd.home, "c.csv");
    writeFileSync(file, "1,ana.lopez@example.com,x\n");
    const shell = terminal(world);
    await shell.see("$ ");
    shell.type(`cat ${file}; echo e''nd\r`);
    await shell.see("end\r\n");
    shell.type("exit\r");
    await shell.closed;
    expect(shell.told.stdout).toContain("1,*********************,x");
    expect(shell.told.stdout).not.toContain("ana.lopez@example.com");
    const recorded = world.gateway.events.flatMap((event) => (event.type === "terminal" ? [event.text] : [])).join("");
    expect(recorded).toContain("1,*********************,x");
    expect(world.gateway.events.some((event) => event.type === "terminal_size")).toBe(true);
  });
});
