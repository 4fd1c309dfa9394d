import { readCommand } from "../command/read-command.ts";

/** What ends a prompt, in most shells. */
const PROMPT_END = /[$#%>\u276f] /g;
const MAX_PROMPTS = 8;

/**
 * Programs that a line of a terminal may start. Who types before the prompt is there has it in the line, so whatever stands
 * behind something that ends prompts is read as a command as well: rather one program too many than one too few.
 */
export function typedPrograms(line: string): readonly string[] {
  const starts = [...line.matchAll(PROMPT_END)].slice(0, MAX_PROMPTS).map((match) => match.index + match[0].length);
  return [...new Set([0, ...starts].flatMap((start) => readCommand(line.slice(start)).seen))];
}
