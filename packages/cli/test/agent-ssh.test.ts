import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import {
  eventually,
  hasCommand,
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
import { confinementProblem } from "../src/as-agent/confine.ts";
import { tw } from "./tw.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const missing = sshdMissing();
const problem = await confinementProblem();

/** An AI agent that goes to a host for a person, with OpenSSH and git as they are. */
skipUnless(missing === undefined, missing ?? "sshd").describe("ssh as an AI agent, against a real host", () => {
  let sshd: SshServer;
  let server: Tidewaiter;
  let home: TempDir;

  const run = (args: readonly string[], env: Record<string, string | undefined> = {}) =>
    tw(home.path, args, { env, input: "" });
  const asAgent = (script: string, options: readonly string[] = [], env: Record<string, string> = {}) =>
    run(["exec", "--as-agent", "coder", "--ttl", "10m", ...options, "--", "sh", "-c", script], env);
  const ssh = (rest: string) => `ssh -F "$TIDEWAITER_SSH_CONFIG" -o BatchMode=yes ${rest}`;
  const json = async (...args: string[]) => JSON.parse((await run([...args, "--json"])).stdout);

  beforeAll(async () => {
    home = tempDir("agent-ssh");
    sshd = await startSshd();
    server = await startTidewaiter({
      target: { host: "127.0.0.1", port: 1, user: "nobody", database: "none" },
      principals: [
        { name: "ana", type: "user", level: "write" },
        { name: "coder", type: "ai_agent", level: "read" },
      ],
      ssh: { port: sshd.port, user: sshd.user, privateKey: sshd.privateKey, hostKeys: [sshd.hostKey] },
    });
    const login = ["login", "--server", server.baseUrl, "--as"];
    expect(await run([...login, "admin"], { TIDEWAITER_PASSWORD: server.adminPassword })).toMatchObject({ code: 0 });
    expect(await run([...login, "ana"], { TIDEWAITER_PASSWORD: server.userPassword })).toMatchObject({ code: 0 });
    await mkdir(join(home.path, ".ssh"), { mode: 0o700 });
    await writeFile(join(home.path, ".ssh", "id_ed25519"), "the person's own key");
  });
  afterAll(async () => {
    await server?.stop();
    await sshd?.stop();
    await home?.remove();
  });

  it("finds a configuration with which ssh gets in, as the agent for the person", async () => {
    const result = await asAgent(`${ssh("web-1.tw echo in")}; grep -c web-1 "$PGSERVICEFILE"`);
    expect(result.stdout, result.stderr).toBe("in\n0\n");
    const { sessions } = await json("sessions", "list", "--as", "admin");
    expect(sessions).toContainEqual(
      expect.objectContaining({ resource: "web-1", principal: "coder", onBehalfOf: "ana", kind: "ai_agent" }),
    );
  });

  it("may say who it is, and is nobody else by that", async () => {
    const names = ["coder+ana+web-1", "ana+web-1", "coder+web-1", "ana+coder+web-1", "coder+eve+web-1"];
    const each = names.map((name) => `${ssh(`-l '${name}' web-1.tw echo '${name} is in'`)} 2>&1`).join("\n");
    const { stdout } = await asAgent(each);
    expect(stdout.match(/.* is in/g), stdout).toEqual(["coder+ana+web-1 is in"]);
    expect(stdout.match(/Permission denied/g)).toHaveLength(4);
  });

  it("has the level that both have", async () => {
    const { stdout } = await asAgent(`${ssh("-l coder+ana/write+web-1 web-1.tw echo in")} 2>&1`);
    expect(stdout).toContain("level write is not granted to you");
    expect(stdout).not.toMatch(/^in$/m);
  });

  skipUnless(hasCommand("git"), "git").it("git gets there by itself", async () => {
    const repository = join(sshd.home, "notes.git");
    const as = { GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "safe.directory", GIT_CONFIG_VALUE_0: "*" };
    const made = await runCommand("git", ["init", "-q", "--bare", repository], { env: as });
    expect(made.code, made.stderr).toBe(0);
    await runCommand("chown", ["-R", sshd.user, repository]);
    const result = await asAgent(`git ls-remote ssh://web-1.tw${repository} && echo listed`, [], as);
    expect(result.stdout, result.stderr).toContain("listed");
  });

  it("a delegation for other resources has no host", async () => {
    const script = 'echo "config:$TIDEWAITER_SSH_CONFIG git:$GIT_SSH_COMMAND"';
    const result = await asAgent(script, ["--resource", "prod-db"]);
    expect(result.stdout, result.stderr).toBe("config: git:\n");
  });

  it("leaves the person's SSH agent and, confined, keys out of reach", async () => {
    const socket = join(home.path, "agent.sock");
    // stands in for ssh-agent: what counts is whether its socket can be found
    const agent = createServer();
    await new Promise<void>((resolve) => agent.listen(socket, resolve));
    try {
      const script = `echo "agent:$SSH_AUTH_SOCK"; test -S ${socket} && echo socket; cat ~/.ssh/id_ed25519 || true`;
      const { stdout } = await asAgent(script, [], { SSH_AUTH_SOCK: socket });
      expect(stdout).toBe(`agent:\n${problem === undefined ? "" : "socket\nthe person's own key"}`);
      const unconfined = await asAgent(script, ["--confine", "never"], { SSH_AUTH_SOCK: socket });
      expect(unconfined.stdout).toBe("agent:\nsocket\nthe person's own key");
    } finally {
      agent.close();
    }
  });

  it("a delegation that is revoked ends the agent's session, with the reason", async () => {
    const running = asAgent(ssh("web-1.tw 'echo begun; sleep 60'"));
    await eventually(
      async () => {
        const { sessions } = await json("sessions", "list", "--live", "--as", "admin");
        return sessions.length > 0;
      },
      { within: 20_000, every: 200 },
    );
    const [{ id }] = (await json("delegations", "list")).delegations;
    const began = performance.now();
    await run(["delegations", "revoke", id]);
    const ended = await running;
    expect(performance.now() - began).toBeLessThan(5000);
    expect(ended.code).not.toBe(0);
    expect(ended.stderr).toContain("the delegation was revoked");
  });
});
