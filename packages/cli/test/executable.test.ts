import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort, runCommand, spawnNode, tempDir } from "@tidewaiter/testkit";
import { describe, expect, it } from "vitest";
import { BIN, tw } from "./tw.ts";

describe("the executable", () => {
  it("is executable and checks Node before it imports anything", () => {
    const source = readFileSync(BIN, "utf8");
    expect(source.indexOf("process.versions.node")).toBeLessThan(source.indexOf("import("));
    expect(source).not.toMatch(/^import /m);
    const old = `Object.defineProperty(process, "versions", { value: { node: "22.1.0" } }); await import(${JSON.stringify(BIN)});`;
    const result = spawnSync(process.execPath, ["--input-type=module", "-e", old], { encoding: "utf8" });
    expect([result.status, result.stderr]).toEqual([
      1,
      expect.stringContaining("needs Node 24.7 or later; this is 22.1.0"),
    ]);
  });

  it("without signing in ends with 3, and one JSON document where asked", async () => {
    await using home = tempDir("cli");
    const person = await tw(home.path, ["sessions", "list"]);
    expect(person).toMatchObject({ code: 3, stdout: "" });
    expect(person.stderr).toBe("tidewaiter: you are not signed in\nnext: tw login --server URL\n");
    const program = await tw(home.path, ["sessions", "list", "--json"]);
    expect(JSON.parse(program.stdout)).toMatchObject({ error: { code: "not_signed_in", exitCode: 3 } });
  });

  it("says what it cannot reach with 7, and keeps the password out of it", async () => {
    await using home = tempDir("cli");
    const server = `http://127.0.0.1:${await freePort()}`;
    const result = await tw(home.path, ["login", "--server", server, "--as", "ana"], {
      env: { TIDEWAITER_PASSWORD: "s3cret" },
    });
    expect(result).toMatchObject({ code: 7, stderr: expect.stringContaining("nothing listens there") });
    expect(result.stdout + result.stderr).not.toContain("s3cret");
  });

  it("ends with 2 for a wrong command line and shows help with 0", async () => {
    await using home = tempDir("cli");
    expect(await tw(home.path, ["connect"])).toMatchObject({ code: 2, stdout: "" });
    expect(await tw(home.path, ["connect", "--help"])).toMatchObject({ code: 0, stderr: "" });
    expect(await tw(home.path, ["login", "--server", "http://gw.example", "--as", "ana"])).toMatchObject({ code: 2 });
  });

  it("stays quiet when its reader has seen enough", async () => {
    await using home = tempDir("cli");
    const shell = `${JSON.stringify(process.execPath)} ${JSON.stringify(BIN)} --help | true; echo "\${PIPESTATUS[0]}"`;
    const result = await runCommand("bash", ["--norc", "-c", shell], { env: { HOME: home.path } });
    expect([result.stdout, result.stderr]).toEqual(["0\n", ""]);
  });

  it("gives its place to the agent's program: same process id, its own exit code", async () => {
    await using child = spawnNode(BIN, { args: ["agent", "run", "--url", "ftp://x"] });
    await child.line(/^tidewaiter-agent: /);
    expect(await child.exited).toMatchObject({ code: 2 });
  });

  it("shows an error of ours without a stack unless asked", async () => {
    await using home = tempDir("cli");
    await writeFile(join(home.path, "not-a-dir"), "");
    const broken = { TIDEWAITER_CONFIG_DIR: join(home.path, "not-a-dir") };
    const result = await tw(home.path, ["status"], { env: broken });
    expect(result.code).toBe(1);
    expect(result.stderr).not.toMatch(/\n {4}at /);
  });
});
