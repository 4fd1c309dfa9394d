import { Command, Help, type Option } from "commander";
import type { CommandContext } from "./context.ts";

/** One command: what it takes, and what it does. Each stands in a file of its own, which is loaded when it is run. */
export interface CommandSpec<Args extends readonly unknown[], Options> {
  readonly summary: string;
  /** Adds arguments and options. */
  readonly configure?: (command: Command) => void;
  /** Lines such as `tw sessions list --live`, with a comment after two spaces. */
  readonly examples: readonly string[];
  readonly notes?: string;
  /** The first `--` is one of the words that `run` gets: it parts two lists. */
  readonly keepsDashes?: boolean;
  readonly run: (context: CommandContext, options: Options, ...args: Args) => Promise<ExitStatus>;
}

/** Nothing is done and well; a number is the exit code of a program that was run. */
export type ExitStatus = number | undefined;

export interface GlobalOptions {
  readonly json?: boolean;
  readonly profile?: string;
  readonly apiKeyFile?: string;
  /** The same as `profile`, in shorter words; a command may use it otherwise. */
  readonly as?: string;
}

/** A command whose types are settled: what the program needs of it. */
export interface RunnableCommand {
  readonly summary: string;
  readonly keepsDashes: boolean;
  /** Ready to parse; `name` is the whole of `tw sessions list`. */
  build(name: string, start: (options: GlobalOptions) => CommandContext, done: (status: ExitStatus) => void): Command;
}

export function defineCommand<Args extends readonly unknown[], Options = object>(
  spec: CommandSpec<Args, Options>,
): RunnableCommand {
  return {
    summary: spec.summary,
    keepsDashes: spec.keepsDashes ?? false,
    build(name, start, done) {
      const command = new Command(name).description(sentence(spec.summary)).usage("[options]");
      spec.configure?.(command);
      command.usage(usageOf(command));
      const asProfile = !command.options.some(({ long }) => long === "--as");
      command
        .option("--json", "one JSON document on stdout")
        .option("--profile <name>", "act as this profile (see: tw login)")
        .option("--api-key-file <file>", "act with the API key in this file");
      if (asProfile) command.option("--as <name>", "the same in fewer letters");
      command
        .helpOption("-h, --help", "show this")
        .configureHelp({ optionDescription })
        .addHelpText("after", helpAfter(spec));
      return command.action(async (...received: unknown[]) => {
        // Commander gives the arguments that `configure` declared, then the options, then the command.
        const options = received.at(-2) as Options & GlobalOptions;
        const { json, profile = asProfile ? options.as : undefined, apiKeyFile } = options;
        const context = start({
          ...(json && { json }),
          ...(profile !== undefined && { profile }),
          ...(apiKeyFile !== undefined && { apiKeyFile }),
        });
        done(await spec.run(context, options, ...(received.slice(0, -2) as unknown as Args)));
      });
    },
  };
}

function sentence(summary: string): string {
  return summary.endsWith("?") ? summary : `${summary}.`;
}

function usageOf(command: Command): string {
  const args = command.registeredArguments.map((argument) => {
    const name = `${argument.name()}${argument.variadic ? "..." : ""}`;
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  return [...args, "[options]"].join(" ");
}

/** An empty default says nothing: `(default: [])`. */
function optionDescription(option: Option): string {
  const empty = option.defaultValue === "" || (Array.isArray(option.defaultValue) && option.defaultValue.length === 0);
  return empty ? option.description : new Help().optionDescription(option);
}

function helpAfter({ examples, notes }: { readonly examples: readonly string[]; readonly notes?: string }): string {
  const shown = examples.map((line) => `  ${line}`).join("\n");
  return `${notes === undefined ? "" : `\n${notes}\n`}\nExamples:\n${shown}\n`;
}
