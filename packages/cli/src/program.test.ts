import { describe, expect, it } from "vitest";
import { ENTRIES, PASSED } from "./commands/table.ts";
import { CliError } from "./errors.ts";
import { fakeContext } from "./fake-context.test-data.ts";
import { resolveCommand, runProgram } from "./program.ts";

async function run(...argv: string[]) {
  const written = { stdout: "", stderr: "" };
  const passed: unknown[] = [];
  const started: unknown[] = [];
  const code = await runProgram(argv, {
    version: "9.9.9",
    stdout: (text) => {
      written.stdout += text;
    },
    stderr: (text) => {
      written.stderr += text;
    },
    start: (options) => {
      started.push(options);
      const { context, written: out } = fakeContext({ json: options.json === true });
      Object.defineProperty(written, "context", { value: out });
      return context;
    },
    runProgram: async (program, args) => {
      passed.push([program.program, ...program.before, ...args]);
      return 42;
    },
  });
  return { code, ...written, passed, started };
}

const names = ENTRIES.map(({ path }) => path.join(" "));

describe("the table of commands", () => {
  it.each(names)("tw %s --help shows usage, options and examples", async (name) => {
    const { code, stdout } = await run(...name.split(" "), "--help");
    expect(code).toBe(0);
    expect(stdout).toContain(`Usage: tw ${name}`);
    expect(stdout).toContain("--json");
    expect(stdout).toMatch(/Examples:\n {2}tw /);
    expect(stdout).not.toMatch(/\(default: (\[\]|"")\)|\?\./);
  });

  it.each(names)("tw help %s is the same", async (name) => {
    const [asked, shown] = [await run("help", ...name.split(" ")), await run(...name.split(" "), "--help")];
    expect(asked.stdout).toBe(shown.stdout);
  });

  it("a noun alone is called as everything below it", async () => {
    expect((await run("kube", "--help")).stdout).toContain("Usage: tw kube COMMAND");
    expect((await run("--help")).stdout).toContain("Usage: tw COMMAND");
  });

  it("names nothing twice", () => {
    const all = [...names, ...PASSED.map(({ path }) => path.join(" "))];
    expect(new Set(all).size).toBe(all.length);
  });
});

describe("resolving a command line", () => {
  it("takes options of every command before the command as well", () => {
    expect(resolveCommand(["--json", "--as", "mia", "reviews", "list", "--all"])).toMatchObject({
      kind: "entry",
      rest: ["--all"],
      globals: { json: true, profile: "mia" },
    });
    expect(resolveCommand(["--profile=mia", "status"])).toMatchObject({ globals: { profile: "mia" } });
  });

  it("hands arguments of the server and the agent on as they are", async () => {
    expect((await run("server", "--data-dir", "d", "--json")).passed).toEqual([
      ["server", "--data-dir", "d", "--json"],
    ]);
    expect((await run("server", "rotate-master-key", "--help")).passed).toEqual([
      ["server", "rotate-master-key", "--help"],
    ]);
    expect((await run("agent", "run", "--url", "wss://x")).passed).toEqual([["agent", "run", "--url", "wss://x"]]);
    expect((await run("server")).code).toBe(42);
  });

  it("says what a wrong word may have meant", async () => {
    await expect(run("sesions")).rejects.toMatchObject({ exit: "usage", message: "unknown command 'sesions'" });
    await expect(run("sessions", "lst")).rejects.toMatchObject({ exit: "usage", why: "(Did you mean list?)" });
    await expect(run("sessions", "list", "--jsn")).rejects.toMatchObject({
      exit: "usage",
      next: "tw sessions list --help",
    });
  });

  it("is a usage error to name no command, a group without a verb, or too much", async () => {
    expect(await run()).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("Commands:") });
    expect(await run("sessions")).toMatchObject({ code: 2, stderr: expect.stringContaining("replay") });
    await expect(run("sessions", "show")).rejects.toBeInstanceOf(CliError);
    await expect(run("audit", "verify", "now")).rejects.toMatchObject({ exit: "usage" });
  });

  it("shows version and help on stdout", async () => {
    expect(await run("--version")).toMatchObject({ code: 0, stdout: "9.9.9\n" });
    expect(await run("--help")).toMatchObject({ code: 0, stdout: expect.stringContaining("Commands:") });
    expect(await run("help")).toMatchObject({ code: 0, stdout: expect.stringContaining("Commands:") });
  });

  it("gives a command its profile by --profile or --as", async () => {
    expect((await run("help", "environment", "--as", "mia", "--json")).started).toEqual([
      { json: true, profile: "mia" },
    ]);
  });

  it("refuses a topic that is not there", async () => {
    await expect(run("nothing", "--help")).rejects.toMatchObject({ message: "unknown command 'nothing'" });
    await expect(run("help", "nothing")).rejects.toMatchObject({ exit: "usage" });
  });
});
