import type { CommandReading } from "@tidewaiter/toolkit/command/read-command";

/** Programs whose output is the content of files or a protocol: a mask would break it, and policy speaks of it as a transfer. */
const PROTOCOLS: ReadonlyMap<string, (words: readonly string[]) => boolean> = new Map([
  ["scp", (words: readonly string[]) => words.some((word) => /^-[A-Za-z]*[tf][A-Za-z]*$/.test(word))],
  ["rsync", ([first]: readonly string[]) => first === "--server"],
  ["git-upload-pack", () => true],
  ["git-receive-pack", () => true],
  ["git-upload-archive", () => true],
]);
/** They start one program and print nothing of their own. */
const BEFORE = new Set(["sudo", "doas", "env", "nice", "ionice", "nohup", "exec"]);

/** Only where the whole line is the far end of a protocol: with anything beside it, the output is like any other. */
export function isProtocol({ programs, commands }: CommandReading): boolean {
  const [command, ...more] = commands;
  const program = programs?.at(-1) ?? "";
  if (command === undefined || more.length > 0 || programs?.slice(0, -1).some((each) => !BEFORE.has(each)))
    return false;
  const words = command.words.map(({ text }) => text);
  const at = words.findIndex((word) => word === program || word.endsWith(`/${program}`));
  return PROTOCOLS.get(program)?.(words.slice(at + 1)) ?? false;
}
