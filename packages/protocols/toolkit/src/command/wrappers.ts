import type { Word } from "./read-command.ts";

/** How the options of a program are read that starts another one. Any other option, and the command cannot be told. */
interface Wrapper {
  /** Letters of options that stand alone. */
  readonly flags?: string;
  /** Letters of options with a value, behind the letter or in the next word. */
  readonly values?: string;
  /** Long options that stand alone. */
  readonly long?: readonly string[];
  /** Long options with a value, behind `=` or in the next word. */
  readonly longValues?: readonly string[];
  /** Words before the command. */
  readonly operands?: number;
}

const WRAPPERS: Readonly<Record<string, Wrapper>> = {
  sudo: {
    flags: "ABbEHknPS",
    values: "ugpCDRThU",
    long: ["--preserve-env", "--set-home", "--non-interactive", "--background", "--stdin"],
    longValues: ["--user", "--group", "--prompt", "--chdir", "--host", "--preserve-env"],
  },
  doas: { flags: "nL", values: "uC" },
  env: { flags: "i0", values: "uC", long: ["--ignore-environment", "--null"], longValues: ["--unset", "--chdir"] },
  nohup: {},
  setsid: { flags: "cfw", long: ["--ctty", "--fork", "--wait"] },
  nice: { flags: "0123456789", values: "n", longValues: ["--adjustment"] },
  ionice: { flags: "t", values: "cn", long: ["--ignore"], longValues: ["--class", "--classdata"] },
  timeout: {
    flags: "v",
    values: "ks",
    long: ["--foreground", "--preserve-status", "--verbose"],
    longValues: ["--kill-after", "--signal"],
    operands: 1,
  },
  stdbuf: { values: "ioe", longValues: ["--input", "--output", "--error"] },
  time: { flags: "pvaq", values: "fo", long: ["--portability", "--verbose", "--append"] },
  command: { flags: "pvV" },
  builtin: {},
  exec: { flags: "cl", values: "a" },
  xargs: {
    flags: "0rtxp",
    values: "nIPLdEsa",
    long: ["--null", "--no-run-if-empty", "--verbose", "--exit"],
    longValues: ["--max-args", "--max-procs", "--max-lines", "--max-chars", "--delimiter", "--arg-file"],
  },
  chroot: { operands: 1 },
  flock: { flags: "snuxeoFv", values: "wE", long: ["--shared", "--exclusive", "--nonblock"], operands: 1 },
};
export function isWrapper(program: string): boolean {
  return Object.hasOwn(WRAPPERS, program);
}

/** They start a command in ways that are not read here. */
const STARTERS = new Set(
  (
    "su runuser setpriv nsenter unshare systemd-run script strace ltrace parallel taskset chrt numactl watch pkexec gosu " +
    "su-exec start-stop-daemon setarch linux32 linux64 prlimit fakeroot bwrap dbus-run-session at batch trap alias " +
    "sudoedit run-parts ip"
  ).split(" "),
);

const SHELLS = new Set(["sh", "bash", "dash", "zsh", "ksh", "ash", "mksh", "rbash", "lksh", "yash"]);
/** Shells of another grammar. */
const OTHER_SHELLS = new Set(["csh", "tcsh", "fish", "pwsh", "elvish", "nu", "xonsh", "rc", "es"]);
const SHELL_OPTIONS_WITH_VALUE = new Set(["-o", "-O", "+o", "+O", "--rcfile", "--init-file"]);
/** They run text that is put together at run time, or start whatever they are told elsewhere. */
const FIND_RUNS = new Set(["-exec", "-execdir", "-ok", "-okdir"]);

/** The words of the command that `program` starts; undefined when it starts none; `unknown` when that cannot be told. */
export function nextCommand(program: string, words: readonly Word[]): readonly Word[] | "unknown" | undefined {
  if (program === "find") return findCommand(words);
  if (program === "." || program === "source") return "unknown";
  if (program === "busybox" || program === "toybox") return words;
  if (STARTERS.has(program) || OTHER_SHELLS.has(program)) return "unknown";
  const wrapper = isWrapper(program) ? WRAPPERS[program] : undefined;
  if (wrapper === undefined) return undefined;
  let operands = wrapper.operands ?? 0;
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (word === undefined) break;
    if (!word.literal) return "unknown";
    if (word.text === "--") return words.slice(at + 1 + operands);
    if (word.text.startsWith("-") && word.text.length > 1) {
      const taken = wordsOfOption(word.text, wrapper);
      if (taken === undefined || words[at + taken - 1]?.literal === false) return "unknown";
      at += taken - 1;
      continue;
    }
    if (program === "env" && /^[A-Za-z_][A-Za-z0-9_]*=/.test(word.text)) continue;
    if (program === "sudo" && /^[A-Za-z_][A-Za-z0-9_]*=/.test(word.text)) continue;
    if (operands-- > 0) continue;
    return words.slice(at);
  }
  return undefined;
}

/** How many words an option takes, with its own; undefined for one that is not known. */
function wordsOfOption(text: string, { flags = "", values = "", long = [], longValues = [] }: Wrapper) {
  if (text.startsWith("--")) {
    const [name = "", value] = text.split("=", 2);
    if (value !== undefined) return longValues.includes(name) ? 1 : undefined;
    return long.includes(name) ? 1 : longValues.includes(name) ? 2 : undefined;
  }
  for (let at = 1; at < text.length; at++) {
    const letter = text[at] ?? "";
    if (values.includes(letter)) return at === text.length - 1 ? 2 : 1;
    if (!flags.includes(letter)) return undefined;
  }
  return 1;
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
  if (!SHELLS.has(program)) return undefined;
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
