import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { expect, it } from "vitest";
import { exportLine, parseShell } from "./shell-quote.ts";

it("knows shells by name and by path", () => {
  expect(["/bin/bash", "zsh", undefined, "", "/usr/bin/fish", "pwsh.exe", "/bin/tcsh"].map(parseShell)).toEqual([
    "sh",
    "sh",
    "sh",
    "sh",
    "fish",
    "powershell",
    undefined,
  ]);
});

it("sets what was given, whatever is in it, and runs nothing of it", () => {
  const hostile = ["it's", "$(touch /tmp/x)", "`id`", "a\\", "\\'", "a b\tc", "line\nbreak", "", "*", "-n", "ü€"];
  for (const value of hostile) {
    const script = `${exportLine("sh", "PGPASSWORD", value)}\nprintf %s "$PGPASSWORD"`;
    expect(spawnSync("/bin/sh", ["-c", script], { encoding: "utf8" }).stdout).toBe(value);
  }
  expect(exportLine("fish", "A", "it's \\ $x")).toBe("set -gx A 'it\\'s \\\\ $x'");
  expect(exportLine("powershell", "A", "it's $x")).toBe("$env:A = 'it''s $x'");
});

it("sets any text that a variable can hold", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 40 }).filter((value) => !value.includes("\0"));
  fc.assert(
    fc.property(text, (value) => {
      const script = `${exportLine("sh", "V", value)}\nprintf %s. "$V"`;
      expect(spawnSync("/bin/sh", ["-c", script], { encoding: "utf8" }).stdout).toBe(`${value}.`);
    }),
    { numRuns: 60 },
  );
});
