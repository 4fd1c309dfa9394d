import type { Word } from "./read-command.ts";

/** Options that take the next word, of programs that start another one. */
const WRAPPERS: Readonly<Record<string, { readonly withValue: readonly string[]; readonly operands?: number }>> = {
  sudo: { withValue: ["-u", "-g", "-h", "-p", "-C", "-D", "-R", "-T", "-U", "--user", "--group"] },
  doas: { withValue: ["-u", "-C"] },
  env: { withValue: ["-u", "-C", "--unset", "--chdir"] },
  nohup: { withValue: [] },
  setsid: { withValue: [] },
  nice: { withValue: ["-n", "--adjustment"] },
  ionice: { withValue: ["-c", "-n", "-p"] },
  timeout: { withValue: ["-k", "-s", "--kill-after", "--signal"], operands: 1 },
  stdbuf: { withValue: ["-i", "-o", "-e"] },
  time: { withValue: ["-f", "-o"] },
  command: { withValue: [] },
  builtin: { withValue: [] },
  exec: { withValue: ["-a"] },
  xargs: { withValue: ["-n", "-I", "-P", "-L", "-d", "-E", "-s", "-a"] },
  chroot: { withValue: [], operands: 1 },
  flock: { withValue: ["-w", "-E"], operands: 1 },
  watch: { withValue: ["-n", "--interval"] },
};

const SHELLS = new Set(["sh", "bash", "dash", "zsh", "ksh", "ash", "mksh", "busybox"]);
const SHELL_OPTIONS_WITH_VALUE = new Set(["-o", "-O", "+o", "+O", "--rcfile", "--init-file"]);
/** They run text that is put together at run time, or start whatever they are told elsewhere. */
const FIND_RUNS = new Set(["-exec", "-execdir", "-ok", "-okdir"]);

/** The words of the command that `program` starts; undefined when it starts none; `unknown` when that cannot be told. */
export function nextCommand(program: string, words: readonly Word[]): readonly Word[] | "unknown" | undefined {
  if (program === "find") return findCommand(words);
  if (program === "." || program === "source") return "unknown";
  if (program === "busybox") return words;
  const wrapper = Object.hasOwn(WRAPPERS, program) ? WRAPPERS[program] : undefined;
  if (wrapper === undefined) return undefined;
  let operands = wrapper.operands ?? 0;
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (word === undefined) break;
    if (!word.literal) return "unknown";
    if (word.text === "--") return words.slice(at + 1 + operands);
    if (word.text.startsWith("-") && word.text.length > 1) {
      // one string that is split and run: env -S "a b"
      if (program === "env" && (word.text.startsWith("-S") || word.text.startsWith("--split"))) return "unknown";
      if (wrapper.withValue.includes(word.text)) at++;
      continue;
    }
    if (program === "env" && /^[A-Za-z_][A-Za-z0-9_]*=/.test(word.text)) continue;
    if (program === "sudo" && /^[A-Za-z_][A-Za-z0-9_]*=/.test(word.text)) continue;
    if (operands-- > 0) continue;
    return words.slice(at);
  }
  // sudo -i and sudo -s open a shell that reads on
  return program === "sudo" && words.some(({ text }) => text === "-i" || text === "-s") ? "unknown" : undefined;
}

/** `find -exec COMMAND ;` */
function findCommand(words: readonly Word[]): readonly Word[] | "unknown" | undefined {
  const at = words.findIndex(({ text }) => FIND_RUNS.has(text));
  if (at < 0) return undefined;
  const rest = words.slice(at + 1);
  return rest.some(({ text }) => FIND_RUNS.has(text)) ? "unknown" : rest;
}

/** The script of `sh -c SCRIPT` or `eval WORDS`; `unknown` when it cannot be told; undefined when there is none. */
export function shellOfString(program: string, words: readonly Word[]): string | "unknown" | undefined {
  if (program === "eval")
    return words.every(({ literal }) => literal) ? words.map(({ text }) => text).join(" ") : "unknown";
  if (!SHELLS.has(program) || program === "busybox") return undefined;
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (word === undefined) return undefined;
    if (!word.literal) return "unknown";
    if (SHELL_OPTIONS_WITH_VALUE.has(word.text)) at++;
    else if (/^-[a-z]*c[a-z]*$/i.test(word.text)) {
      const script = words[at + 1];
      return script?.literal === true ? script.text : "unknown";
    } else if (!/^[-+]/.test(word.text)) return "unknown";
  }
  // it reads what it is sent
  return "unknown";
}
