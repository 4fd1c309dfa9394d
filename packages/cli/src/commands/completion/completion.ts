import { defineCommand, type RunnableCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";

export type CommandPath = readonly [noun: string, verb?: string];

/** Of the commands that the table names; given to it, as the table itself loads it. */
export function completionFor(paths: readonly CommandPath[]): RunnableCommand {
  return defineCommand<[shell: string]>({
    summary: "Print a script that completes commands in bash or zsh",
    configure: (command) => command.argument("<shell>", "bash or zsh"),
    examples: ["tw completion bash >> ~/.bashrc", "tw completion zsh >> ~/.zshrc"],
    run: async (context, _options, shell) => {
      if (shell !== "bash" && shell !== "zsh") {
        throw new CliError("usage", `there is no completion for ${shell}`, { next: "tw completion bash" });
      }
      const script = completionScript(shell, paths);
      context.output.result({ shell, script }, () => script.split("\n"));
      return undefined;
    },
  });
}

/** One script for both: zsh reads it through its bashcompinit. */
export function completionScript(shell: "bash" | "zsh", paths: readonly CommandPath[]): string {
  const verbs = new Map<string, string[]>();
  for (const [noun, verb] of paths) {
    verbs.set(noun, [...(verbs.get(noun) ?? []), ...(verb === undefined ? [] : [verb])]);
  }
  const cases = [...verbs].filter(([, words]) => words.length > 0);
  return [
    ...(shell === "zsh" ? ["autoload -U +X bashcompinit && bashcompinit"] : []),
    "_tidewaiter() {",
    '  local words=""',
    '  if [ "$COMP_CWORD" -eq 1 ]; then',
    `    words="${[...verbs.keys()].join(" ")}"`,
    '  elif [ "$COMP_CWORD" -eq 2 ]; then',
    `    case "\${COMP_WORDS[1]}" in`,
    ...cases.map(([noun, words]) => `      ${noun}) words="${words.join(" ")}" ;;`),
    "    esac",
    "  fi",
    `  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))`,
    "}",
    "complete -o default -F _tidewaiter tw tidewaiter",
  ].join("\n");
}
