import { closeSync, openSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { link, mkdir, open, readdir, readFile, rename, rm, statfs, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { eventually, hasCommand, runCommand, skipUnless, sshdMissing, tempDir } from "@tidewaiter/testkit";
import { expect, vi } from "vitest";
import { type SshWorld, startWorld } from "./world.ts";

vi.setConfig({ testTimeout: 30_000 });

const CAP_SYS_ADMIN = 1n << 21n;

/** Undefined where a disk can be mounted. */
function fuseMissing(): string | undefined {
  if (!hasCommand("sshfs") || !hasCommand("fusermount3")) return "sshfs";
  try {
    closeSync(openSync("/dev/fuse", "r+"));
    // root in a container may have the device and not the right; others have fusermount3 for it
    const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    const mounts = process.getuid?.() !== 0 || (BigInt(`0x${effective}`) & CAP_SYS_ADMIN) !== 0n;
    return mounts ? undefined : "the right to mount";
  } catch {
    return "/dev/fuse";
  }
}

const missing = sshdMissing() ?? fuseMissing();
const RULES = {
  name: "s.yaml",
  source: `version: 1
rules:
  - { id: no-keys, when: 'ssh.direction == "download" && ssh.path.endsWith(".pem")', deny: keys stay on their host }
  - { id: no-links, when: '"symlink" in ssh.programs', deny: links lead anywhere }
`,
};

/** Mounted until it is disposed of. */
async function mount(world: SshWorld): Promise<{ readonly path: string } & AsyncDisposable> {
  const folder = tempDir("sshfs");
  const result = await runCommand("sshfs", [
    "-o",
    `ssh_command=ssh -F none ${world.options.join(" ")}`,
    "-o",
    "dir_cache=no",
    `127.0.0.1:${world.sshd.home}`,
    folder.path,
  ]);
  if (result.code !== 0) throw new Error(result.stderr);
  return {
    path: folder.path,
    async [Symbol.asyncDispose]() {
      // lazily: whoever still looks at it does not keep it
      await runCommand("fusermount3", ["-u", "-z", folder.path]);
      await eventually(() => folder.remove().then(() => true));
    },
  };
}

skipUnless(missing === undefined, missing ?? "sshfs").it(
  "sshfs works as a disk, and meets the rules of files",
  async () => {
    await using world = await startWorld([RULES]);
    const { home } = world.sshd;
    await using mounted = await mount(world);
    const at = (name: string): string => join(mounted.path, name);
    const content = Buffer.alloc(300_000, "tide");
    await writeFile(at("a"), content);
    expect(readFileSync(join(home, "a")).equals(content)).toBe(true);
    expect((await readFile(at("a"))).equals(content)).toBe(true);
    await mkdir(at("folder"));
    // over a file that is there: posix-rename@openssh.com
    await writeFile(at("b"), "old");
    await rename(at("a"), at("b"));
    expect(statSync(join(home, "b")).size).toBe(content.length);
    await link(at("b"), at("c"));
    expect(statSync(join(home, "c")).nlink).toBe(2);
    const file = await open(at("d"), "w");
    await file.write("synced");
    await file.sync();
    await file.close();
    expect((await statfs(mounted.path)).blocks).toBeGreaterThan(0);
    expect((await readdir(mounted.path)).sort()).toEqual(["b", "c", "d", "folder"]);
    await rm(at("c"));
    writeFileSync(join(home, "server.pem"), "private");
    await expect(readFile(at("server.pem"))).rejects.toMatchObject({ code: "EACCES" });
    await expect(symlink("/etc", at("etc"))).rejects.toMatchObject({ code: "EACCES" });
    // and works on
    expect(await readFile(at("d"), "utf8")).toBe("synced");
    const asked = world.gateway.events.flatMap((event) =>
      event.type === "operation" && event.outcome === "deny" ? [[event.text, event.ruleId]] : [],
    );
    expect(asked).toEqual([
      [`get ${home}/server.pem`, "no-keys"],
      [expect.stringContaining("symlink"), "no-links"],
    ]);
    expect(world.gateway.sessions.size).toBe(1);
  },
);
