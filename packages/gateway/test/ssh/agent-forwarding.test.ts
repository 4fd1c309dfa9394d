import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, runCommand, skipUnless, sshdMissing } from "@tidewaiter/testkit";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { inside, rawClient } from "./raw-client.ts";
import { type RealAgent, startAgent } from "./ssh-agent.ts";
import { type SshWorld, startWorld } from "./world.ts";

vi.setConfig({ testTimeout: 30_000 });

const missing = sshdMissing();
const policy = (rules: string, allowed = "allow") => [
  {
    name: "a.yaml",
    source: `version: 1\ndefaults: { unknown_statement: allow, builtins: { ssh_agent: ${allowed} } }\nrules: ${rules}\n`,
  },
];

function operations(world: SshWorld, from = 0) {
  return world.gateway.events
    .slice(from)
    .flatMap((event) => (event.type === "operation" && event.kind === "ssh auth-agent" ? [event] : []));
}

skipUnless(missing === undefined, missing ?? "sshd").describe("an agent that ssh -A lends", () => {
  let world: SshWorld;
  let agent: RealAgent;
  beforeAll(async () => {
    world = await startWorld(policy("[]"));
    agent = await startAgent(world.sshd.privateKey);
  });
  afterAll(async () => {
    await agent?.[Symbol.asyncDispose]();
    await world?.[Symbol.asyncDispose]();
  });
  const lending = (command: string, where = world) => where.ssh(["-A", command], { env: agent.env });

  it("is refused by default, which is recorded, and the command runs", async () => {
    await using strict = await startWorld([]);
    const result = await lending("ssh-add -l; echo ran", strict);
    expect(result.stdout).toBe("ran\n");
    expect(result.stderr).toContain("Could not open a connection to your authentication agent");
    expect(operations(strict)).toMatchObject([
      {
        text: "agent forwarding",
        outcome: "deny",
        ruleId: "no-agent-forwarding",
        reason: "whoever controls the host could sign with the keys of your agent",
      },
    ]);
    // with a terminal it is said
    const terminal = await strict.ssh(["-A", "-tt", "true"], { env: agent.env });
    expect(terminal.stderr).toContain(
      "tidewaiter: agent not forwarded on web-1: whoever controls the host could sign with the keys of your agent [no-agent-forwarding]. The session stays open.",
    );
  });

  it("lists its keys and signs where the policy allows it; each signature is an operation", async () => {
    const before = world.gateway.events.length;
    const listed = await lending("ssh-add -l");
    expect(listed.stdout).toContain(agent.fingerprint);
    const key = join(world.sshd.home, "key.pub");
    const text = join(world.sshd.home, "text");
    writeFileSync(key, agent.publicKey);
    writeFileSync(text, "signed by an agent");
    const signed = await lending(`ssh-keygen -Y sign -f ${key} -n tide < ${text}`);
    expect(signed.stdout).toContain("BEGIN SSH SIGNATURE");
    const signature = join(world.folder.path, "signature");
    const signers = join(world.folder.path, "signers");
    writeFileSync(signature, signed.stdout);
    writeFileSync(signers, `ana ${agent.publicKey}`);
    const verified = await runCommand(
      "ssh-keygen",
      ["-Y", "verify", "-f", signers, "-I", "ana", "-n", "tide", "-s", signature],
      { input: "signed by an agent" },
    );
    expect(verified.stdout).toContain('Good "tide" signature');
    await eventually(() => world.gateway.sessions.size === 0);
    expect(operations(world, before).map(({ text: shown }) => shown)).toEqual([
      "agent forwarding",
      "agent connect",
      "agent forwarding",
      "agent connect",
      `agent sign ${agent.fingerprint} file tide`,
    ]);
    const forwards = world.gateway.events.slice(before).filter((event) => event.type === "forward");
    expect(forwards).toMatchObject([{ to: "agent" }, { to: "agent" }]);
    // one request of five bytes, and the list
    expect(forwards[0]).toMatchObject({ bytesToClient: 5 });
    expect(forwards.every((event) => event.bytesToTarget > 5)).toBe(true);
  });

  it("logs in to a second host", async () => {
    const before = world.gateway.events.length;
    const { user, port } = world.sshd;
    const options = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o BatchMode=yes";
    const second = await lending(`ssh -F none ${options} -p ${port} ${user}@127.0.0.1 echo second`);
    expect(second.stdout).toBe("second\n");
    expect(operations(world, before).at(-1)?.text).toBe(`agent sign ${agent.fingerprint} login ${user}`);
  });

  it("keys that are restricted to hosts sign for these alone", async () => {
    const { user, port, hostKey, privateKey } = world.sshd;
    const gateway = `[127.0.0.1]:${world.gateway.port}`;
    const host = `[127.0.0.1]:${port}`;
    const known = join(world.folder.path, "hosts");
    writeFileSync(known, `${readFileSync(join(world.folder.path, "known_hosts"), "utf8")}${host} ${hostKey}\n`);
    const options = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o BatchMode=yes";
    const command = `ssh -F none ${options} -p ${port} ${user}@127.0.0.1 echo second`;
    const log = async (hops: readonly string[]) => {
      await using restricted = await startAgent(privateKey, ["-H", known, ...hops.flatMap((hop) => ["-h", hop])]);
      return (await world.ssh(["-A", command], { env: restricted.env })).stdout;
    };
    expect(await log([gateway, `${gateway}>${host}`])).toBe("second\n");
    expect(await log([gateway])).toBe("");
  });

  it("neither adds, removes nor locks keys", async () => {
    const before = world.gateway.events.length;
    const result = await lending("ssh-add -D; echo removed $?; ssh-add -e nowhere </dev/null; ssh-add -l");
    expect(result.stdout).toContain("removed 1");
    expect(result.stdout).toContain(agent.fingerprint);
    expect((await runCommand("ssh-add", ["-l"], { env: agent.env })).stdout).toContain(agent.fingerprint);
    const notices = world.gateway.events
      .slice(before)
      .flatMap((event) => (event.type === "notice" && event.code === "agent" ? [event.text] : []));
    expect(notices).toContain("web-1 asked the agent to remove all keys: refused");
  });

  it("is not there for a channel that did not ask, nor when the one that asked has closed", async () => {
    expect((await world.ssh(["ssh-add -l"], { env: agent.env })).stdout).not.toContain(agent.fingerprint);
    const control = join(world.folder.path, "lending");
    const mux = ["-o", `ControlPath=${control}`];
    const { env } = agent;
    await world.ssh(["-A", "-o", "ControlMaster=yes", ...mux, "-o", "ControlPersist=30", "-Nf"], { env });
    const inner = (more: string[], command: string) => world.ssh([...mux, ...more, command], { env });
    const [socket = ""] = (await inner(["-A"], "echo $SSH_AUTH_SOCK")).stdout.split("\n");
    expect(socket).not.toBe("");
    const after = await inner(["-a"], `SSH_AUTH_SOCK=${socket} ssh-add -l`);
    expect(after.code).not.toBe(0);
    expect(after.stdout).not.toContain(agent.fingerprint);
    // and is there again for one that asks again
    expect((await inner(["-A"], `SSH_AUTH_SOCK=${socket} ssh-add -l`)).stdout).toContain(agent.fingerprint);
    await world.ssh([...mux, "-O", "exit"]);
  });

  it("follows rules about signatures, of which a person may decide", async () => {
    const rules = `
  - { id: no-files, when: 'ssh.channel == "auth-agent" && ssh.command.endsWith(" file secret")', deny: these are not signed }
  - { id: ask-for-files, when: 'ssh.channel == "auth-agent" && "sign" in ssh.programs', review: { by: ["group:reviewers"] } }`;
    await using ruled = await startWorld(policy(rules));
    const key = join(ruled.sshd.home, "key.pub");
    writeFileSync(key, agent.publicKey);
    const sign = (namespace: string) =>
      ruled.ssh(["-A", `echo text | ssh-keygen -Y sign -f ${key} -n ${namespace}; ssh-add -l`], { env: agent.env });
    const refused = await sign("secret");
    expect(refused.stdout).not.toContain("BEGIN SSH SIGNATURE");
    expect(refused.stdout).toContain(agent.fingerprint);
    expect(refused.stderr).toContain(
      `agent sign ${agent.fingerprint} file secret not done on web-1: these are not signed [no-files]`,
    );
    const opened = ruled.gateway.nextReview();
    const held = sign("tide");
    const id = await opened;
    expect(ruled.gateway.reviews.get(id)?.request.statement).toBe(`agent sign ${agent.fingerprint} file tide`);
    await ruled.gateway.decide(id, "approve", "mia", "release 7");
    const result = await held;
    expect(result.stdout).toContain("BEGIN SSH SIGNATURE");
    expect(result.stderr).toContain("waiting for a person; this has NOT run [ask-for-files]");
    expect(result.stderr).toContain(`What: agent sign ${agent.fingerprint} file tide`);
    expect(result.stderr).toContain('approved by mia: "release 7"');
  });

  it("asks a person once about the lending, where one rule is about everything", async () => {
    const rules = `
  - { id: ask-first, when: 'ssh.channel == "auth-agent"', review: { by: ["group:reviewers"] } }`;
    await using ruled = await startWorld(policy(rules));
    const key = join(ruled.sshd.home, "key.pub");
    writeFileSync(key, agent.publicKey);
    const opened = ruled.gateway.nextReview();
    const held = ruled.ssh(["-A", `echo text | ssh-keygen -Y sign -f ${key} -n tide`], { env: agent.env });
    await ruled.gateway.decide(await opened, "approve", "mia", "");
    expect((await held).stdout).toContain("BEGIN SSH SIGNATURE");
    expect(ruled.gateway.reviews.size).toBe(1);
    const approved = ruled.gateway.events.filter((event) => event.type === "review" && event.state === "approved");
    // the lending, the connection, the signature
    expect(approved).toHaveLength(3);
    const asked = ruled.gateway.nextReview();
    const rejected = ruled.ssh(["-A", "ssh-add -l; echo ran"], { env: agent.env });
    await ruled.gateway.decide(await asked, "reject", "mia", "no");
    expect((await rejected).stdout).toBe("ran\n");
  });

  it("ends with the session, and what it was used for is recorded before", async () => {
    const rules = `
  - { id: ask-first, when: '"sign" in ssh.programs', review: { by: ["group:reviewers"] } }`;
    await using ruled = await startWorld(policy(rules));
    const key = join(ruled.sshd.home, "key.pub");
    writeFileSync(key, agent.publicKey);
    const opened = ruled.gateway.nextReview();
    const held = ruled.ssh(["-A", `echo text | ssh-keygen -Y sign -f ${key} -n tide`], { env: agent.env });
    const review = await opened;
    const [session] = ruled.gateway.sessions;
    const recorded = Promise.withResolvers<readonly string[]>();
    const end = session?.end.bind(session);
    if (session === undefined || end === undefined) throw new Error("there is no session");
    vi.spyOn(session, "end").mockImplementation((reason) => {
      recorded.resolve(ruled.gateway.events.map(({ type }) => type));
      return end(reason);
    });
    session.interrupt({ type: "revoked", reason: "the grant has ended" });
    expect((await held).stdout).not.toContain("BEGIN SSH SIGNATURE");
    expect(await recorded.promise).toContain("forward");
    expect(ruled.gateway.reviews.get(review)?.state).toBe("withdrawn");
  });

  it("a host that opens more than it may is refused, and the rest goes on", async () => {
    const before = world.gateway.events.length;
    // a socket that nobody reads from is a channel that stays open
    const flood = `
import os, socket
held = []
for n in range(300):
    s = socket.socket(socket.AF_UNIX); s.connect(os.environ["SSH_AUTH_SOCK"]); held.append(s)
alive = 0
for s in held:
    s.settimeout(20)
    try:
        s.sendall(b"\\0\\0\\0\\1\\x0b"); alive += len(s.recv(5)) > 0
    except OSError: pass
print(alive)
held[0].close()
`;
    const script = join(world.sshd.home, "flood.py");
    writeFileSync(script, flood);
    const result = await lending(`python3 ${script}; echo over`);
    const alive = Number(/^(\d+)\nover\n$/.exec(result.stdout)?.[1]);
    expect(alive).toBeGreaterThan(0);
    expect(alive).toBeLessThanOrEqual(64);
    const connects = operations(world, before).filter(({ text }) => text === "agent connect");
    expect(connects.length).toBeLessThanOrEqual(256);
    expect((await lending("ssh-add -l")).stdout).toContain(agent.fingerprint);
  });

  it("a message of impossible size ends its connection, not the session", async () => {
    const script = join(world.sshd.home, "large.py");
    writeFileSync(
      script,
      `import os, socket
for head in (b"\\x7f\\xff\\xff\\xff\\x0d", b"\\0\\0\\0\\0\\0", b"\\0\\0\\0\\x05\\x0d\\xff\\xff\\xff\\xff"):
    s = socket.socket(socket.AF_UNIX); s.connect(os.environ["SSH_AUTH_SOCK"]); s.sendall(head); s.settimeout(10)
    try: print(s.recv(100))
    except ConnectionError: print(b"")
`,
    );
    const result = await lending(`python3 ${script}; ssh-add -l`);
    expect(result.stdout).toContain("b''\nb''\nb'\\x00\\x00\\x00\\x01\\x05'\n");
    expect(result.stdout).toContain(agent.fingerprint);
  });

  it("a client that lends what it does not have harms nobody", async () => {
    // asked for, and then every channel to it refused
    const client = await rawClient(world);
    const channel = await new Promise<import("ssh2").ClientChannel>((resolve, reject) => {
      const { _protocol: protocol } = inside(client);
      const exec = protocol.exec.bind(protocol);
      protocol.exec = (number, command, reply) => {
        protocol.openssh_agentForward(number, false);
        exec(number, command, reply);
      };
      client.exec("ssh-add -l; echo over", (error, made) => (error ? reject(error) : resolve(made)));
    });
    let output = "";
    channel.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    channel.stderr.resume();
    await once(channel, "close");
    expect(output).toBe("over\n");
    client.end();
  });
});
