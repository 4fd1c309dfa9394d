import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { spawnNode } from "./node-process.ts";
import { tempDir } from "./temp-dir.ts";

const folder = tempDir("node-process");
afterAll(() => folder.remove());

function program(name: string, source: string): string {
  const path = join(folder.path, name);
  writeFileSync(path, source);
  return path;
}

it("waits for a line, captures all output and stops by pid", async () => {
  const source =
    "console.error('to stderr'); console.log('listening on ' + process.env.PORT); setInterval(() => {}, 1e6)";
  await using child = spawnNode(program("server.mjs", source), { env: { PORT: "4711" } });
  expect((await child.line(/listening on (\d+)/))[1]).toBe("4711");
  await child.stop();
  expect(await child.exited).toEqual({ code: null, signal: "SIGTERM" });
  expect(child.output).toEqual({ stdout: "listening on 4711\n", stderr: "to stderr\n" });
  expect(() => process.kill(child.pid, 0)).toThrow();
});

it("tells what was written when the line never comes", async () => {
  await using child = spawnNode(program("fails.mjs", "console.error('no such setting'); process.exit(3)"));
  await expect(child.line(/listening/)).rejects.toThrow("no such setting");
  expect(await child.exited).toEqual({ code: 3, signal: null });
});
