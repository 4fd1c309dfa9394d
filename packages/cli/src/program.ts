import { Command, CommanderError } from "commander";
import type { ExitStatus, GlobalOptions } from "./command.ts";
import { ENTRIES, type Entry, GROUPS, PASSED, type Passed } from "./commands/table.ts";
import type { CommandContext } from "./context.ts";
import { CliError } from "./errors.ts";
import { EXIT_CODES } from "./exit-codes.ts";

export interface ProgramIo {
  readonly version: string;
  /** Help that was asked for goes to stdout, help that nobody asked for to stderr. */
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly start: (options: GlobalOptions) => CommandContext;
  readonly runProgram: (passed: Passed, args: readonly string[]) => Promise<number>;
}

type Resolved =
  | { readonly kind: "entry"; readonly entry: Entry; readonly rest: readonly string[]; readonly globals: GlobalOptions }
  | { readonly kind: "passed"; readonly passed: Passed; readonly rest: readonly string[] }
  | { readonly kind: "overview" };

/** Runs one command line. @throws CliError, or what a bug throws */
export async function runProgram(given: readonly string[], io: ProgramIo): Promise<number> {
  const argv = helpAsOption(given);
  const resolved = resolveCommand(argv);
  if (resolved.kind === "passed") return await io.runProgram(resolved.passed, resolved.rest);
  if (resolved.kind === "overview") return await parse(overview(io.version), withoutVainHelp(argv), io);
  const { entry, rest, globals } = resolved;
  let status: ExitStatus;
  const runnable = await entry.load();
  const start = (options: GlobalOptions) => io.start({ ...globals, ...options });
  const command = runnable.build(`tw ${entry.path.join(" ")}`, start, (value) => {
    status = value;
  });
  const code = await parse(command, runnable.keepsDashes ? doubleDashes(rest) : rest, io);
  return status ?? code;
}

/** Commander takes the first `--` away; of two it leaves one. */
function doubleDashes(args: readonly string[]): readonly string[] {
  const at = args.indexOf("--");
  return at < 0 ? args : [...args.slice(0, at), "--", ...args.slice(at)];
}

/** `help sessions replay` is the same as `sessions replay --help`; every other word is a topic of the command `help`. */
function helpAsOption(argv: readonly string[]): readonly string[] {
  const [first, second, ...rest] = argv;
  if (first !== "help") return argv;
  if (second === undefined) return ["--help"];
  return isNoun(second) ? [second, ...rest, "--help"] : argv;
}

function isNoun(word: string): boolean {
  return [...ENTRIES, ...PASSED].some(({ path }) => path[0] === word);
}

/** Of a command that is not there help would show everything, as if all were well. */
function withoutVainHelp(argv: readonly string[]): readonly string[] {
  const [noun] = readGlobals(argv).words;
  return noun === undefined || isNoun(noun) ? argv : [noun];
}

/** Which command the words name; options before them are those that every command has. */
export function resolveCommand(argv: readonly string[]): Resolved {
  const { globals, words } = readGlobals(argv);
  const [noun, verb] = words;
  if (noun === undefined) return { kind: "overview" };
  const fits = ({ path }: Entry | Passed) => path[0] === noun && (path[1] === undefined || path[1] === verb);
  const passed = PASSED.find(fits);
  if (passed !== undefined) return { kind: "passed", passed, rest: words.slice(passed.path.length) };
  const entry = ENTRIES.find(fits);
  if (entry === undefined) return { kind: "overview" };
  return { kind: "entry", entry, rest: words.slice(entry.path.length), globals };
}

function readGlobals(argv: readonly string[]): { globals: GlobalOptions; words: readonly string[] } {
  let globals: GlobalOptions = {};
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? "";
    const [, inline] = /^--(?:profile|as)=(.*)$/.exec(word) ?? [];
    if (word === "--json") globals = { ...globals, json: true };
    else if (inline !== undefined) globals = { ...globals, profile: inline };
    else if ((word === "--profile" || word === "--as") && argv[index + 1] !== undefined)
      globals = { ...globals, profile: argv[++index] ?? "" };
    else return { globals, words: word.startsWith("-") ? [] : argv.slice(index) };
  }
  return { globals, words: [] };
}

async function parse(command: Command, args: readonly string[], io: ProgramIo): Promise<number> {
  prepare(command, io);
  try {
    await command.parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version that were asked for.
    if (error.exitCode === 0) return EXIT_CODES.ok.code;
    // No command was named: its help has been shown.
    if (error.code === "commander.help") return EXIT_CODES.usage.code;
    const what = error.message.replace(/^error: /, "").split("\n");
    const [first = "", ...more] = what;
    const why = more.length === 0 ? {} : { why: more.join("\n") };
    throw new CliError("usage", first, { ...why, next: `${command.name()} --help`, cause: error });
  }
}

/** Commander ends nothing and says no error by itself; its words become an error of ours. */
function prepare(command: Command, io: ProgramIo): void {
  command.exitOverride().configureOutput({ writeOut: io.stdout, writeErr: io.stderr, outputError: () => {} });
  for (const child of command.commands) prepare(child, io);
}

/** All names and summaries without any command's code: for help, and to say what a wrong word may have meant. */
function overview(version: string): Command {
  const program = new Command("tw")
    .usage("COMMAND [options]")
    .description("Production access without the password, and without the leak. Long name: tidewaiter.")
    .version(version, "-V, --version", "show the version")
    .helpOption("-h, --help", "show this")
    .option("--json", "one JSON document on stdout")
    .option("--profile <name>", "act as this profile")
    .helpCommand(false)
    .addHelpText("after", OVERVIEW);
  const groups = new Map<string, Command>();
  for (const { path, summary } of [...ENTRIES, ...PASSED]) {
    const [noun, verb] = path;
    if (verb === undefined) {
      addLeaf(program, noun, summary);
      continue;
    }
    const group = groups.get(noun) ?? addGroup(program, noun);
    groups.set(noun, group);
    addLeaf(group, verb, summary);
  }
  return program;
}

function addLeaf(parent: Command, name: string, summary: string): void {
  parent.command(name).description(summary).usage("");
}

function addGroup(program: Command, noun: string): Command {
  return program
    .command(noun)
    .usage("COMMAND [options]")
    .description(GROUPS[noun] ?? noun)
    .helpCommand(false)
    .addHelpText("after", `\nMore: tw ${noun} COMMAND --help`);
}

const OVERVIEW = `
Examples:
  tw login --server https://gw.example
  tw connect prod-db
  psql service=prod-db
  tw reviews approve 7Q2H --comment "ticket 812"
  tw sessions replay last

More: tw COMMAND --help, tw help exit-codes, tw help environment`;
