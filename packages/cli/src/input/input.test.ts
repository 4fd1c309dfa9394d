import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { tempDir } from "@tidewaiter/testkit/temp-dir";
import { describe, expect, it } from "vitest";
import { parseTags } from "../commands/resources/add.ts";
import { fakeContext } from "../fake-context.test-data.ts";
import { readDocuments } from "./documents.ts";
import { parseCount, parseDuration } from "./duration.ts";
import { readPolicies } from "./policy-documents.ts";
import { readSecret } from "./secret.ts";
import { createTerminal } from "./terminal.ts";

describe("durations, counts, tags", () => {
  it.each([
    ["90s", 90],
    ["30m", 1800],
    ["8h", 28_800],
    ["1d", 86_400],
  ] as const)("%s is %d s", (text, seconds) => {
    expect(parseDuration(text, "--ttl")).toBe(seconds);
  });

  it.each(["", "8", "h", "0h", "1.5h", "8 h", "8hh", "99999999h"])("%j is no duration", (text) => {
    expect(() => parseDuration(text, "--ttl")).toThrow(expect.objectContaining({ exit: "usage" }));
  });

  it("a count stays within its limits", () => {
    expect(parseCount("5", "--limit", { min: 1, max: 5 })).toBe(5);
    for (const text of ["0", "6", "-1", "x", "1e1", ""]) {
      expect(() => parseCount(text, "--limit", { min: 1, max: 5 })).toThrow(expect.objectContaining({ exit: "usage" }));
    }
  });

  it("a tag's value is all after the first =", () => {
    expect(parseTags(["env=prod", "note=a=b", "empty="])).toEqual({ env: "prod", note: "a=b", empty: "" });
    expect(() => parseTags(["=x"])).toThrow(expect.objectContaining({ exit: "usage" }));
  });
});

describe("a secret", () => {
  const from = { variable: "TIDEWAITER_PASSWORD", question: "password" };

  it("comes from stdin, without the last line break only", async () => {
    const { context } = fakeContext({ stdin: " se cret \n\n", variables: { TIDEWAITER_PASSWORD: "other" } });
    expect(await readSecret(context, { passwordStdin: true }, from)).toBe(" se cret \n");
  });

  it("comes from a file, the variable, or a person", async () => {
    await using dir = tempDir("cli");
    await writeFile(join(dir.path, "secret"), "in-file\r\n");
    const file = fakeContext({ cwd: dir.path, variables: { TIDEWAITER_PASSWORD: "other" } });
    expect(await readSecret(file.context, { passwordFile: "secret" }, from)).toBe("in-file");
    const variable = fakeContext({ variables: { TIDEWAITER_PASSWORD: "in-variable" }, answers: ["typed"] });
    expect(await readSecret(variable.context, {}, from)).toBe("in-variable");
    expect(await readSecret(fakeContext({ answers: ["typed"] }).context, {}, from)).toBe("typed");
  });

  it("is refused when missing, empty, given twice, or typed differently", async () => {
    const refused = { exit: "usage" };
    await expect(readSecret(fakeContext().context, {}, from)).rejects.toMatchObject(refused);
    await expect(readSecret(fakeContext({ stdin: "\n" }).context, { passwordStdin: true }, from)).rejects.toMatchObject(
      refused,
    );
    const both = { passwordStdin: true, passwordFile: "x" };
    await expect(readSecret(fakeContext().context, both, from)).rejects.toMatchObject(refused);
    const typed = fakeContext({ answers: ["one", "two"] });
    await expect(readSecret(typed.context, {}, { ...from, twice: true })).rejects.toMatchObject(refused);
    await expect(readSecret(fakeContext().context, { passwordFile: "none" }, from)).rejects.toMatchObject(refused);
  });
});

describe("the terminal", () => {
  function fakeTty() {
    const modes: boolean[] = [];
    const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (raw: boolean) => modes.push(raw) });
    let shown = "";
    const stderr = Object.assign(new PassThrough(), { isTTY: true, columns: 80 });
    stderr.on("data", (chunk: Buffer) => {
      shown += chunk.toString();
    });
    const streams = { stdin, stderr } as unknown as Parameters<typeof createTerminal>[0];
    return { terminal: createTerminal(streams), stdin, modes, shown: () => shown };
  }

  it("shows nothing of a secret, and takes corrections", async () => {
    const { terminal, stdin, modes, shown } = fakeTty();
    const asked = terminal.askSecret("password: ");
    stdin.write("wrong\u0015se\u00e9x\u007f");
    stdin.write("cret\r");
    expect(await asked).toBe("se\u00e9cret");
    expect(shown()).toBe("password: \n");
    expect(modes).toEqual([true, false]);
  });

  it("keeps what was pasted for the next question", async () => {
    const { terminal, stdin } = fakeTty();
    stdin.write("one\ntwo\n");
    expect([await terminal.askSecret("?"), await terminal.ask("?")]).toEqual(["one", "two"]);
  });

  it("is left as it was at Ctrl-C and at the end of input", async () => {
    for (const end of ["abc\u0003", "\u0004"]) {
      const { terminal, stdin, modes } = fakeTty();
      const asked = terminal.askSecret("?");
      stdin.write(end);
      await expect(asked).rejects.toMatchObject({ exit: "interrupted" });
      expect(modes.at(-1)).toBe(false);
    }
  });

  it("asks nobody where there is none, and takes no more of stdin than its limit", async () => {
    const stdin = new PassThrough();
    const terminal = createTerminal({ stdin, stderr: new PassThrough() } as unknown as Parameters<
      typeof createTerminal
    >[0]);
    await expect(terminal.ask("name: ")).rejects.toMatchObject({ exit: "usage" });
    stdin.end("12345");
    await expect(terminal.readStdin(4)).rejects.toMatchObject({ exit: "usage" });
  });
});

describe("documents", () => {
  it("are named by their place in the directory, in order, without hidden files", async () => {
    await using dir = tempDir("cli");
    await mkdir(join(dir.path, "d/policies"), { recursive: true });
    await mkdir(join(dir.path, "d/.git"));
    for (const name of [
      "d/b.yml",
      "d/a.yaml",
      "d/policies/pii.yaml",
      "d/.hidden.yaml",
      "d/.git/c.yaml",
      "d/notes.md",
    ]) {
      await writeFile(join(dir.path, name), `# ${name}`);
    }
    const { context } = fakeContext({ cwd: dir.path, stdin: "kind: group" });
    expect((await readDocuments(context, ["d"])).map(({ name }) => name)).toEqual([
      "a.yaml",
      "b.yml",
      "policies/pii.yaml",
    ]);
    expect((await readDocuments(context, ["d/policies/pii.yaml"]))[0]).toEqual({
      name: "pii.yaml",
      source: "# d/policies/pii.yaml",
    });
    expect(await readDocuments(context, ["-"])).toEqual([{ name: "stdin.yaml", source: "kind: group" }]);
  });

  it("are refused when missing, empty, not text, too large, or called the same", async () => {
    await using dir = tempDir("cli");
    await mkdir(join(dir.path, "empty"));
    await mkdir(join(dir.path, "d"));
    await writeFile(join(dir.path, "d", "x.yaml"), "a: 1");
    await writeFile(join(dir.path, "x.yaml"), "a: 1");
    await writeFile(join(dir.path, "binary.yaml"), Buffer.from([0xff, 0xfe]));
    await writeFile(join(dir.path, "large.yaml"), "a".repeat(1024 * 1024 + 1));
    const { context } = fakeContext({ cwd: dir.path });
    for (const paths of [["none"], ["empty"], ["binary.yaml"], ["large.yaml"], ["x.yaml", "d"]]) {
      await expect(readDocuments(context, paths), paths.join()).rejects.toMatchObject({ exit: "usage" });
    }
  });

  it("for a policy test leave out what is no policy, but not what is broken", async () => {
    await using dir = tempDir("cli");
    await writeFile(join(dir.path, "people.yaml"), "kind: principal\nname: ana\n");
    await writeFile(join(dir.path, "pii.yaml"), "version: 1\nrules: []\n");
    await writeFile(join(dir.path, "broken.yaml"), "rules: [\n");
    const { context, written } = fakeContext({ cwd: dir.path });
    const names = (await readPolicies(context, ["."])).map(({ name }) => name);
    expect(names).toEqual(["broken.yaml", "pii.yaml"]);
    expect(written.stderr).toContain("people.yaml");
    await expect(readPolicies(context, ["people.yaml"])).rejects.toMatchObject({ exit: "usage" });
  });
});
