import { statSync } from "node:fs";
import { join } from "node:path";
import { spawnNode, tempDir } from "@tidewaiter/testkit";
import { expect, it } from "vitest";
import { DataDirInUseError, lockDataDir } from "./lock-data-dir.ts";

it("lets one process have a data directory, until it lets go", async () => {
  await using directory = tempDir("lock");
  const file = join(directory.path, "lock");
  const first = lockDataDir(directory.path, file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(() => lockDataDir(directory.path, file)).toThrow(DataDirInUseError);
  first[Symbol.dispose]();
  lockDataDir(directory.path, file)[Symbol.dispose]();
});

it("is free again when its holder was killed", async () => {
  await using directory = tempDir("lock");
  const file = join(directory.path, "lock");
  const source = `
    const { lockDataDir } = await import(${JSON.stringify(new URL("./lock-data-dir.ts", import.meta.url).href)});
    globalThis.held = lockDataDir("dir", ${JSON.stringify(file)});
    console.log("held");
    setInterval(() => {}, 1000);`;
  await using holder = spawnNode("-e", { args: [source], nodeArgs: ["--input-type=module"] });
  await holder.line(/held/);
  expect(() => lockDataDir(directory.path, file)).toThrow(DataDirInUseError);
  holder.kill("SIGKILL");
  await holder.exited;
  lockDataDir(directory.path, file)[Symbol.dispose]();
});
