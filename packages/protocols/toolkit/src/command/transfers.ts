import type { CommandReading, SimpleCommand, Word } from "./read-command.ts";

/** A file, or a tree of files, that an exec moves through its stdin and stdout. */
export interface ExecTransfer {
  readonly via: "scp" | "rsync" | "redirect";
  readonly direction: "upload" | "download";
  readonly path: string;
}

/** Programs that write what they read as it is. */
const COPIERS = new Set(["cat", "tee", "dd", "head", "tail", "zcat", "gzip", "base64", "xxd", "od"]);
const ARCHIVERS = new Set(["tar", "bsdtar", "cpio", "zip"]);

/**
 * Files that a command line is plainly about: the far ends of `scp -O` and `rsync`, and copying by `cat`, `dd`, `tee` and
 * `tar`, also where `sudo`, `env`, `sh -c` and such start them. An audit aid beyond scp and rsync: a shell has endless ways to print a file.
 */
export function transfersOf(reading: CommandReading): readonly ExecTransfer[] {
  return reading.started.flatMap((command) => transferOf(command));
}

function transferOf(command: SimpleCommand): readonly ExecTransfer[] {
  const [first, ...words] = command.words;
  const program = first?.literal === true ? first.text.slice(first.text.lastIndexOf("/") + 1) : "";
  if (program === "scp") return scp(words);
  if (program === "rsync") return rsync(words);
  const written = command.redirects.filter(({ operator }) => /^(&?>{1,2}|>\|)$/.test(operator));
  const moved: ExecTransfer[] = [];
  if (COPIERS.has(program) || program === "") {
    for (const { target } of written) moved.push({ via: "redirect", direction: "upload", path: target.text });
    for (const path of copied(program, words)) moved.push(path);
    for (const { operator, target } of command.redirects)
      if (operator === "<" && written.length === 0)
        moved.push({ via: "redirect", direction: "download", path: target.text });
  }
  if (ARCHIVERS.has(program)) moved.push(...archive(words));
  return moved.filter(({ path }) => path !== "/dev/null");
}

function copied(program: string, words: readonly Word[]): ExecTransfer[] {
  const operands = words.map(({ text }) => text).filter((text) => text !== "-" && !text.startsWith("-"));
  if (program === "dd") {
    return operands.flatMap((text): ExecTransfer[] => {
      if (text.startsWith("of=")) return [{ via: "redirect", direction: "upload", path: text.slice(3) }];
      return text.startsWith("if=") ? [{ via: "redirect", direction: "download", path: text.slice(3) }] : [];
    });
  }
  const direction = program === "tee" ? "upload" : "download";
  return operands.map((path) => ({ via: "redirect", direction, path }));
}

/** `scp -t PATH` receives, `scp -f PATH` sends; the options before are those of its client. */
function scp(words: readonly Word[]): ExecTransfer[] {
  const options = words.filter(({ text }) => /^-[A-Za-z]+$/.test(text)).map(({ text }) => text);
  const to = options.some((text) => text.includes("t"));
  const from = options.some((text) => text.includes("f"));
  if (to === from) return [];
  const paths = words.filter(({ text }) => !/^-/.test(text) || text === "-").map(({ text }) => text);
  return paths.map((path) => ({ via: "scp", direction: to ? "upload" : "download", path }));
}

/** `rsync --server [--sender] OPTIONS . PATH...` is the far end of rsync. */
function rsync(words: readonly Word[]): ExecTransfer[] {
  const texts = words.map(({ text }) => text);
  if (!texts.includes("--server")) return [];
  const direction = texts.includes("--sender") ? "download" : "upload";
  const dot = texts.indexOf(".");
  const paths = dot < 0 ? [] : texts.slice(dot + 1);
  return (paths.length === 0 ? [""] : paths).map((path) => ({ via: "rsync", direction, path }));
}

/** `tar c` prints an archive, `tar x` unpacks one. */
function archive(words: readonly Word[]): ExecTransfer[] {
  const texts = words.map(({ text }) => text);
  const mode = /^-?[A-Za-z]*$/.test(texts[0] ?? "") ? (texts[0] ?? "") : "";
  const creates = mode.includes("c") || texts.includes("--create");
  const extracts = mode.includes("x") || texts.includes("--extract") || texts.includes("--get");
  if (creates === extracts) return [];
  const paths = texts.slice(1).filter((text) => text !== "-" && !text.startsWith("-"));
  const direction = creates ? "download" : "upload";
  return (paths.length === 0 ? ["."] : paths).map((path) => ({ via: "redirect", direction, path }));
}
