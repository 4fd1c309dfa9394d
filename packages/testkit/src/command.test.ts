import { expect, it } from "vitest";
import { findCommand, hasCommand, runCommand } from "./command.ts";

it("finds a program, or says that there is none", () => {
  expect(findCommand("sh")).toMatch(/\/sh$/);
  expect(hasCommand("no-such-program-here")).toBe(false);
});

it("gives input, output and exit code of a program", async () => {
  const answer = await runCommand("sh", ["-c", "cat; echo gone >&2; exit 3"], { input: "hello" });
  expect(answer).toMatchObject({ code: 3, signal: null, stdout: "hello", stderr: "gone\n" });
});

it("interrupts a program as Ctrl-C does", async () => {
  const abort = new AbortController();
  const onStdout = () => abort.abort();
  const script = "trap 'echo caught; exit 7' INT; echo ready; while :; do sleep 0.05; done";
  const answer = await runCommand("sh", ["-c", script], { signal: abort.signal, onStdout });
  expect(answer).toMatchObject({ code: 7, stdout: "ready\ncaught\n" });
});

it("rejects for a program that is not there", async () => {
  await expect(runCommand("no-such-program-here", [])).rejects.toMatchObject({ syscall: "spawn no-such-program-here" });
});
