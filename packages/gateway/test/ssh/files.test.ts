import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SessionEvent } from "@tidewaiter/core";
import { hasCommand, runCommand, skipUnless, sshdMissing } from "@tidewaiter/testkit";
import { expect, it, vi } from "vitest";
import { type SshWorld, startWorld } from "./world.ts";

vi.setConfig({ testTimeout: 30_000 });

const missing = sshdMissing();
/** On every release 256. */
const BIG_MIB = process.env.TIDEWAITER_LONG === undefined ? 32 : 256;
const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
const filesOf = (world: SshWorld) =>
  world.gateway.events.filter((event): event is Extract<SessionEvent, { type: "file" }> => event.type === "file");

const NO_DOWNLOADS = {
  name: "files.yaml",
  source: `version: 1
rules:
  - id: no-downloads
    when: ssh.direction == "download" && ssh.path.contains("secret")
    deny: files with secrets stay there
  - id: no-removing
    when: ssh.channel == "sftp" && "rm" in ssh.programs
    deny: nothing is removed here
`,
};

/** Copies there and back by each way, and gives what came back. */
async function roundTrip(world: SshWorld, content: Buffer, how: (from: string, to: string) => Promise<unknown>) {
  const local = join(world.folder.path, "local.bin");
  const remote = join(world.sshd.home, "remote.bin");
  const back = join(world.folder.path, "back.bin");
  writeFileSync(local, content);
  await how(local, `127.0.0.1:${remote}`);
  expect(sha256(readFileSync(remote))).toBe(sha256(content));
  await how(`127.0.0.1:${remote}`, back);
  expect(sha256(readFileSync(back))).toBe(sha256(content));
  return remote;
}

skipUnless(missing === undefined, missing ?? "sshd").describe("files over ssh", () => {
  for (const [name, flags] of [
    ["scp over sftp", ["-s"]],
    ["the old scp", ["-O"]],
  ] as const)
    it(`${name}: the same bytes both ways, told with their sum`, async () => {
      await using world = await startWorld([]);
      const content = randomBytes(3_000_001);
      const remote = await roundTrip(world, content, async (from, to) => {
        const result = await runCommand("scp", ["-F", "none", ...flags, ...world.options, from, to]);
        expect(result).toMatchObject({ code: 0, stderr: "" });
      });
      const told = filesOf(world).map(({ path, direction, bytes, sha256: sum }) => ({ path, direction, bytes, sum }));
      const each = { bytes: content.length, sum: sha256(content) };
      const by = name === "the old scp" ? `${remote}/local.bin` : remote;
      expect(told).toEqual([
        { path: by, direction: "upload", ...each },
        { path: name === "the old scp" ? `${remote}/remote.bin` : remote, direction: "download", ...each },
      ]);
    });

  it(`${BIG_MIB} MiB by exec both ways, byte for byte`, async () => {
    await using world = await startWorld([]);
    const block = randomBytes(1 << 20);
    const content = Buffer.concat(
      Array.from({ length: BIG_MIB }, (_, index) => {
        block.writeUInt32BE(index, 0);
        return Buffer.from(block);
      }),
    );
    const file = join(world.sshd.home, "big.bin");
    const up = await world.ssh([`cat > ${file}`], { input: content });
    expect(up).toMatchObject({ code: 0, stderr: "" });
    const down = await world.ssh([`cat ${file}`]);
    expect(down.code).toBe(0);
    expect(sha256(down.stdoutBytes)).toBe(sha256(content));
  }, 240_000);

  it("sftp refuses by rule, says why, and goes on", async () => {
    await using world = await startWorld([NO_DOWNLOADS]);
    const at = (name: string): string => join(world.sshd.home, name);
    writeFileSync(at("secret.txt"), "s");
    writeFileSync(at("open.txt"), "o");
    const batch = `get ${at("secret.txt")} ${join(world.folder.path, "a")}
-rm ${at("open.txt")}
get ${at("open.txt")} ${join(world.folder.path, "b")}
mkdir ${at("new")}
rename ${at("open.txt")} ${at("moved.txt")}
`;
    const run = (input: string) =>
      runCommand("sftp", ["-F", "none", "-b", "-", ...world.options, "127.0.0.1"], { input });
    const first = await run(batch);
    expect(first.code).toBe(1);
    expect(first.stderr).toContain("get not done on web-1: files with secrets stay there [no-downloads]");
    const rest = await run(batch.split("\n").slice(1).join("\n"));
    expect(rest.code).toBe(0);
    expect(rest.stderr).toContain("nothing is removed here [no-removing]");
    expect(existsSync(join(world.folder.path, "a"))).toBe(false);
    expect(readFileSync(join(world.folder.path, "b"), "utf8")).toBe("o");
    expect(existsSync(at("moved.txt"))).toBe(true);
  });

  it("OpenSSH's extensions of sftp work, and those that change something are judged", async () => {
    const source = `version: 1
rules:
  - { id: no-hard-links, when: '"hardlink" in ssh.programs && ssh.command.contains("secret")', deny: one name is enough }
`;
    await using world = await startWorld([{ name: "x.yaml", source }]);
    const at = (name: string): string => join(world.sshd.home, name);
    for (const name of ["secret", "a", "b"]) writeFileSync(at(name), name);
    const local = join(world.folder.path, "local");
    writeFileSync(local, "synced");
    // of a file of the login: the kernel refuses links to those of others
    const batch = `df ${world.sshd.home}
put -f ${local} ${at("c")}
ln ${at("c")} ${at("d")}
rename ${at("a")} ${at("b")}
-ln ${at("secret")} ${at("e")}
ls ${world.sshd.home}
`;
    const result = await runCommand("sftp", ["-F", "none", "-b", "-", ...world.options, "127.0.0.1"], { input: batch });
    expect(result.code).toBe(0);
    expect(result.stdout).toMatch(/%Capacity\n\s+\d+/);
    expect(readFileSync(at("c"), "utf8")).toBe("synced");
    expect(statSync(at("d")).nlink).toBe(2);
    expect(readFileSync(at("b"), "utf8")).toBe("a");
    expect(result.stderr).toContain("hardlink not done on web-1: one name is enough [no-hard-links]");
    expect(existsSync(at("e"))).toBe(false);
    const texts = world.gateway.events.flatMap((event) => (event.type === "operation" ? [event.text] : []));
    expect(texts).toEqual([
      "sftp",
      `put ${at("c")}`,
      `hardlink ${at("c")} ${at("d")}`,
      `rename ${at("a")} ${at("b")}`,
      `hardlink ${at("secret")} ${at("e")}`,
    ]);
  });

  it("one rule holds for every way out", async () => {
    await using world = await startWorld([NO_DOWNLOADS]);
    const file = join(world.sshd.home, "secret.txt");
    writeFileSync(file, "top");
    const to = join(world.folder.path, "x");
    const tries = [
      () => runCommand("scp", ["-F", "none", "-s", ...world.options, `127.0.0.1:${file}`, to]),
      () => runCommand("scp", ["-F", "none", "-O", ...world.options, `127.0.0.1:${file}`, to]),
      () => world.ssh([`cat ${file}`]),
      () => world.ssh([`tar cf - ${file}`]),
      () => world.ssh([`dd if=${file}`]),
      () => world.ssh([`LC_ALL=C nice cat ${file}`]),
      () => world.ssh([`sh -c 'cat ${file}'`]),
      () => world.ssh([`env scp -f ${file}`]),
      () => world.ssh([`env rsync --server --sender -e.L . ${file}`]),
    ];
    for (const attempt of tries) {
      const result = await attempt();
      expect(result.code).not.toBe(0);
      expect(result.stdout).not.toContain("top");
    }
    expect(existsSync(to)).toBe(false);
  });

  it("stops when a budget of bytes is spent, by every way out", async () => {
    const source = "version: 1\nrules: [{ id: little, budget: { window: 1h, bytes: 100kB, per: resource } }]\n";
    for (const how of ["exec", "sftp", "old scp"]) {
      await using world = await startWorld([{ name: "b.yaml", source }]);
      const file = join(world.sshd.home, "data.bin");
      writeFileSync(file, randomBytes(400_000));
      const to = join(world.folder.path, "to");
      const scp = (flag: string) => runCommand("scp", ["-F", "none", flag, ...world.options, `127.0.0.1:${file}`, to]);
      const result = await (how === "exec" ? world.ssh([`cat ${file}`]) : scp(how === "sftp" ? "-s" : "-O"));
      expect(result.code, how).not.toBe(0);
      expect(result.stderr, how).toMatch(how === "sftp" ? /budget of bytes is spent|Permission denied/ : /\[little\]/);
      expect(world.gateway.spent("little", "bytes")).toBeLessThanOrEqual(100_000);
      expect((await world.ssh(["cat", file])).stdoutBytes.length).toBeLessThanOrEqual(100_000);
    }
  });

  skipUnless(hasCommand("rsync"), "rsync").it("rsync both ways", async () => {
    await using world = await startWorld([]);
    const rsh = ["ssh", "-F", "none", ...world.options].join(" ");
    const content = randomBytes(400_000);
    const remote = await roundTrip(world, content, async (from, to) => {
      const result = await runCommand("rsync", ["-a", "--no-owner", "--no-group", "-e", rsh, from, to]);
      expect(result).toMatchObject({ code: 0, stderr: "" });
    });
    expect(filesOf(world).map(({ via, path, direction }) => ({ via, path, direction }))).toEqual([
      { via: "rsync", path: remote, direction: "upload" },
      { via: "rsync", path: remote, direction: "download" },
    ]);
  });

  skipUnless(hasCommand("git"), "git").it("git clones and pushes", async () => {
    await using world = await startWorld([]);
    const bare = join(world.sshd.home, "repo.git");
    const work = join(world.folder.path, "work");
    mkdirSync(work);
    expect((await world.ssh([`git init -q --bare ${bare}`])).code).toBe(0);
    const env = { GIT_SSH_COMMAND: ["ssh", "-F", "none", ...world.options].join(" "), GIT_CONFIG_GLOBAL: "/dev/null" };
    const git = (...args: string[]) => runCommand("git", args, { cwd: work, env });
    await git("init", "-q", "-b", "main");
    writeFileSync(join(work, "f"), randomBytes(100_000));
    await git("add", ".");
    await git("-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "x");
    expect(await git("push", "-q", `127.0.0.1:${bare}`, "main")).toMatchObject({ code: 0 });
    const clone = join(world.folder.path, "clone");
    expect(await git("clone", "-q", "-b", "main", `127.0.0.1:${bare}`, clone)).toMatchObject({ code: 0 });
    expect(readFileSync(join(clone, "f"))).toEqual(readFileSync(join(work, "f")));
  });
});
