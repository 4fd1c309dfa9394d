import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chunked, hasCommand, runCommand, skipUnless, tempDir } from "@tidewaiter/testkit";
import fc from "fast-check";
import { expect, it } from "vitest";
import { archiveOf } from "./archive.ts";
import { type TarFile, TarReader } from "./tar-reader.ts";

function read(bytes: Buffer, sizes: readonly number[] = [bytes.length || 1]): { files: TarFile[]; lost: boolean } {
  const files: TarFile[] = [];
  const reader = new TarReader((file) => files.push(file));
  for (const chunk of chunked(bytes, sizes)) reader.push(Buffer.from(chunk));
  return { files, lost: reader.lost };
}

skipUnless(hasCommand("tar"), "tar").it(
  "names the files of real archives of every format, wherever they are cut",
  async () => {
    const folder = tempDir("tar");
    const long = `${"deep/".repeat(30)}${"n".repeat(90)}.txt`;
    const contents: Record<string, Buffer> = {
      "a.txt": Buffer.from("hello"),
      empty: Buffer.alloc(0),
      "sub/block.bin": Buffer.alloc(1024, 7),
      "ünïcode name": Buffer.from("x".repeat(513)),
      [long]: Buffer.from("far away"),
    };
    for (const [name, bytes] of Object.entries(contents)) {
      mkdirSync(join(folder.path, "in", name, ".."), { recursive: true });
      writeFileSync(join(folder.path, "in", name), bytes);
    }
    const expected = Object.entries(contents)
      .map(([name, bytes]) => ({
        path: `in/${name}`,
        bytes: bytes.length,
        sha256: createHash("sha256").update(bytes).digest("hex"),
      }))
      .sort((a, b) => (a.path < b.path ? -1 : 1));
    for (const format of ["gnu", "posix", "ustar"]) {
      const args = ["--format", format, "-C", folder.path, "-cf", "-", "in"];
      const { stdoutBytes, code } = await runCommand("tar", args);
      expect(code).toBe(0);
      const sorted = (files: readonly TarFile[]) => [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
      expect(sorted(read(stdoutBytes).files), format).toEqual(expected);
      for (const sizes of [[1], [511, 2], [513], [7, 1000]])
        expect(sorted(read(stdoutBytes, sizes).files), `${format} ${sizes}`).toEqual(expected);
    }
    await runCommand("truncate", ["-s", "5M", join(folder.path, "in", "holes")]);
    const sparse = await runCommand("tar", ["-C", folder.path, "-Scf", "-", "in/holes", "in/a.txt"]);
    const { files, lost } = read(sparse.stdoutBytes);
    expect(lost).toBe(false);
    expect(files.map(({ path }) => path)).toContain("in/a.txt");
    await folder.remove();
  },
);

it("stops where it is no archive, and never throws", () => {
  expect(read(Buffer.from("\x1f\x8b compressed".padEnd(600, "x")))).toEqual({ files: [], lost: true });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2_000 }), fc.integer({ min: 1, max: 700 }), (bytes, size) => {
      read(Buffer.from(bytes), [size]);
    }),
    { numRuns: 500 },
  );
});

it("knows what kubectl cp starts, and takes nothing else for it", () => {
  expect(archiveOf(["tar", "cf", "-", "/etc/hosts"])).toEqual({ direction: "download", folder: "" });
  expect(archiveOf(["tar", "-xmf", "-", "-C", "/tmp"])).toEqual({ direction: "upload", folder: "/tmp" });
  expect(archiveOf(["/bin/tar", "--no-same-permissions", "--no-same-owner", "-xmf", "-"])).toEqual({
    direction: "upload",
    folder: "",
  });
  expect(archiveOf(["tar", "czf", "-", "--", "--checkpoint-action=exec=sh"])).toEqual({
    direction: "download",
    folder: "",
  });
  for (const command of [
    ["tar", "cf", "/tmp/x.tar", "/etc"],
    ["tar", "tf", "-"],
    ["cat", "cf", "-"],
    ["sh", "-c", "tar cf - x"],
    // these run what they like, and its output would go out as the bytes of files
    ["tar", "cf", "-", "-I", "sh -c 'cat /etc/shadow'", "x"],
    ["tar", "cfI", "-", "sh", "x"],
    ["tar", "cf", "-", "x", "--use-compress-program=cat /etc/shadow"],
    ["tar", "cf", "-", "--checkpoint=1", "--checkpoint-action=exec=sh", "x"],
    ["tar", "cMf", "-", "-F", "sh", "x"],
    [],
  ])
    expect(archiveOf(command)).toBeUndefined();
});
