import { spawnSync } from "node:child_process";
import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tempDir } from "@tidewaiter/testkit/temp-dir";
import { describe, expect, it } from "vitest";
import { withLock } from "./file-lock.ts";
import { makePrivateDir, readPrivateFile, writePrivateFile } from "./private-file.ts";
import { type Profile, ProfileStore } from "./profiles.ts";
import { parseServerUrl } from "./server-url.ts";

const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

const profile: Profile = {
  name: "ana",
  server: "https://gw.example",
  principal: "ana",
  accessToken: "token",
  expiresAt: "2026-11-24T20:00:00Z",
};

describe("private files", () => {
  it("are 0600 even where an open one was there", async () => {
    await using dir = tempDir("cli");
    const path = join(dir.path, "f");
    await writeFile(path, "old", { mode: 0o644 });
    await writePrivateFile(path, "new");
    expect([await mode(path), await readFile(path, "utf8")]).toEqual(["600", "new"]);
  });

  it("stay symbolic links where they were", async () => {
    await using dir = tempDir("cli");
    const [real, link] = [join(dir.path, "real"), join(dir.path, "link")];
    await writeFile(real, "old");
    await symlink(real, link);
    await writePrivateFile(link, "new");
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    expect([await mode(real), await readFile(real, "utf8")]).toEqual(["600", "new"]);
  });

  it("leave no temporary file behind when writing fails", async () => {
    await using dir = tempDir("cli");
    const path = join(dir.path, "d");
    await mkdir(path);
    await expect(writePrivateFile(path, "x")).rejects.toMatchObject({ exit: "failure" });
    await expect(readPrivateFile(join(dir.path, "none"))).resolves.toBeUndefined();
    expect(await readdir(dir.path)).toEqual(["d"]);
  });

  it("closes a directory that others may enter", async () => {
    await using dir = tempDir("cli");
    await chmod(dir.path, 0o755);
    await makePrivateDir(dir.path);
    expect(await mode(dir.path)).toBe("700");
  });
});

describe("the lock", () => {
  it("lets one run after the other", async () => {
    await using dir = tempDir("cli");
    let inside = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++inside);
      await readFile(join(dir.path, "lock"));
      inside--;
    };
    await Promise.all(Array.from({ length: 5 }, () => withLock(dir.path, work)));
    expect(most).toBe(1);
  });

  it("is taken from a holder that died", async () => {
    await using dir = tempDir("cli");
    await writeFile(join(dir.path, "lock"), String(spawnSync("true").pid));
    await expect(withLock(dir.path, async () => "done")).resolves.toBe("done");
  });

  it("is given back when the work fails", async () => {
    await using dir = tempDir("cli");
    await expect(withLock(dir.path, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    await expect(withLock(dir.path, async () => "done")).resolves.toBe("done");
  });
});

describe("profiles", () => {
  it("come back as they were, in files of 0600 below 0700", async () => {
    await using dir = tempDir("cli");
    const config = join(dir.path, "tidewaiter");
    const store = new ProfileStore(config);
    await store.save({ ...profile, serverCa: "PEM" }, { switch: true });
    expect(await store.current()).toEqual({ ...profile, serverCa: "PEM" });
    const paths = [config, join(config, "profiles"), join(config, "profiles", "ana.json"), join(config, "current")];
    expect(await Promise.all(paths.map(mode))).toEqual(["700", "700", "600", "600"]);
  });

  it("the first becomes current; later ones only by switching", async () => {
    await using dir = tempDir("cli");
    const store = new ProfileStore(dir.path);
    await store.save(profile, { switch: false });
    await store.save({ ...profile, name: "mia" }, { switch: false });
    expect(await store.currentName()).toBe("ana");
    await store.save({ ...profile, name: "mia" }, { switch: true });
    expect(await store.currentName()).toBe("mia");
    await store.remove("mia");
    expect([await store.currentName(), (await store.list()).map(({ name }) => name)]).toEqual([undefined, ["ana"]]);
  });

  it("loses none when several sign in at once", async () => {
    await using dir = tempDir("cli");
    const names = ["a", "b", "c", "d"];
    await Promise.all(names.map((name) => new ProfileStore(dir.path).save({ ...profile, name }, { switch: true })));
    expect((await new ProfileStore(dir.path).list()).map(({ name }) => name)).toEqual(names);
  });

  it.each(["../x", "", ".hidden", "a/b", "x".repeat(64)])("cannot be called %j", async (name) => {
    await using dir = tempDir("cli");
    await expect(new ProfileStore(dir.path).read(name)).rejects.toMatchObject({ exit: "usage" });
  });

  it.each(["", "{", "null", "[]", '{"server":"x"}'])("says so when a file holds %j", async (text) => {
    await using dir = tempDir("cli");
    await mkdir(join(dir.path, "profiles"));
    await writeFile(join(dir.path, "profiles", "ana.json"), text);
    await expect(new ProfileStore(dir.path).read("ana")).rejects.toMatchObject({ exit: "failure" });
  });
});

describe("the server's address", () => {
  it.each([
    ["https://gw.example", "https://gw.example"],
    ["gw.example:8443", "https://gw.example:8443"],
    ["https://gw.example/some/path", "https://gw.example"],
    ["http://127.0.0.1:8080", "http://127.0.0.1:8080"],
    ["http://[::1]:8080", "http://[::1]:8080"],
  ])("%s is %s", (text, url) => expect(parseServerUrl(text)).toBe(url));

  it.each([
    "http://gw.example",
    "http://127.0.0.1.evil.example",
    "https://ana:secret@gw.example",
    "ftp://gw.example",
    "https://",
  ])("refuses %s", (text) => expect(() => parseServerUrl(text)).toThrow(expect.objectContaining({ exit: "usage" })));
});
