import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { ENTRIES, PASSED } from "../table.ts";
import { completionScript } from "./completion.ts";

const PATHS = [...ENTRIES, ...PASSED].map(({ path }) => path);

function complete(...words: string[]): string[] {
  const line = ["tw", ...words].map((word) => JSON.stringify(word)).join(" ");
  const ask = `COMP_WORDS=(${line}); COMP_CWORD=${words.length}; _tidewaiter; echo "\${COMPREPLY[@]}"`;
  // --norc: with a socket as input and no SHLVL bash takes itself for a remote shell and reads the machine's bashrc
  const { stdout, stderr } = spawnSync("bash", ["--norc", "-euc", `${completionScript("bash", PATHS)}\n${ask}`], {
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  return stdout.trim().split(" ");
}

describe("completion", () => {
  it("knows commands and their verbs", () => {
    expect(complete("se")).toEqual(["sessions", "secrets", "server"]);
    expect(complete("reviews", "")).toEqual(["list", "show", "approve", "reject"]);
    expect(complete("agent", "r")).toEqual(["run"]);
    expect(complete("psql", "x")).toEqual([""]);
  });
});
