import { describe, expect, it } from "vitest";
import { runChild } from "./run-child.ts";

const node = (code: string) => runChild(process.execPath, ["-e", code], { variables: { X: "1" } });

describe("a child", () => {
  it("ends us with its exit code, or with 128 + the signal", async () => {
    expect(await node("process.exit(7)")).toBe(7);
    expect(await node("process.kill(process.pid, 'SIGTERM')")).toBe(143);
  });

  it("has exactly the environment that it is given", async () => {
    expect(await node("process.exit(process.env.X === '1' && process.env.PATH === undefined ? 0 : 1)")).toBe(0);
  });

  it("that is not there is a clear error, and leaves no signal handler behind", async () => {
    const before = process.listenerCount("SIGTERM");
    await expect(runChild("/no/such/program", [], { variables: {} })).rejects.toMatchObject({
      exit: "missing_program",
    });
    await expect(runChild("/", [], { variables: {} })).rejects.toMatchObject({ exit: "failure" });
    expect(process.listenerCount("SIGTERM")).toBe(before);
  });
});
