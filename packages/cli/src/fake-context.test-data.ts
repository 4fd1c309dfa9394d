import type { CommandContext } from "./context.ts";
import { createContext } from "./create-context.ts";
import { readEnvironment, type Variables } from "./environment.ts";
import type { Terminal } from "./input/terminal.ts";
import { Output } from "./output/output.ts";

export interface FakeOptions {
  readonly variables?: Variables;
  readonly json?: boolean;
  readonly cwd?: string;
  readonly profileName?: string;
  readonly stdin?: string;
  /** Answers of the person, in order; undefined: there is no person. */
  readonly answers?: readonly string[];
}

export interface FakeContext {
  readonly context: CommandContext;
  readonly written: { stdout: string; stderr: string };
}

export function fakeContext(options: FakeOptions = {}): FakeContext {
  const written = { stdout: "", stderr: "" };
  const sink = (name: "stdout" | "stderr") => ({
    colour: false,
    write: (text: string) => {
      written[name] += text;
    },
  });
  const context = createContext({
    env: readEnvironment({ HOME: "/nowhere", ...options.variables }),
    output: new Output({ json: options.json === true, stdout: sink("stdout"), stderr: sink("stderr") }),
    terminal: fakeTerminal(options),
    cwd: options.cwd ?? "/nowhere",
    now: () => Date.parse("2026-11-24T12:00:00Z"),
    profileName: options.profileName,
  });
  return { context, written };
}

function fakeTerminal({ stdin = "", answers }: FakeOptions): Terminal {
  const left = [...(answers ?? [])];
  const ask = async () => left.shift() ?? "";
  return {
    interactive: answers !== undefined,
    columns: 80,
    ask,
    askSecret: ask,
    readStdin: async () => stdin,
  };
}
