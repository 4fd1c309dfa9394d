import { CliError } from "../errors.ts";

/** The person at the other end, if there is one. */
export interface Terminal {
  /** Somebody can be asked. */
  readonly interactive: boolean;
  readonly columns: number;
  /** Asks with echo. @throws CliError `usage` without a terminal, `interrupted` at Ctrl-C */
  ask(question: string): Promise<string>;
  /** Asks without echo. @throws CliError as `ask` */
  askSecret(question: string): Promise<string>;
  /** All of stdin, at most `limit` bytes. @throws CliError `usage` when there is more */
  readStdin(limit: number): Promise<string>;
}

interface Streams {
  readonly stdin: NodeJS.ReadStream;
  /** Questions go to stderr, so that stdout can be redirected. */
  readonly stderr: NodeJS.WriteStream;
}

export function createTerminal({ stdin, stderr }: Streams): Terminal {
  const interactive = Boolean(stdin.isTTY && stderr.isTTY);
  const ask = async (question: string, echo: boolean) => {
    if (!interactive) throw new CliError("usage", "there is no terminal to ask at", { why: question.trim() });
    stderr.write(question);
    try {
      return await readLine({ stdin, stderr }, echo);
    } finally {
      stderr.write("\n");
    }
  };
  return {
    interactive,
    columns: stderr.columns ?? 80,
    ask: (question) => ask(question, true),
    askSecret: (question) => ask(question, false),
    readStdin: (limit) => readAll(stdin, limit),
  };
}

const ENTER = new Set(["\r", "\n"]);
const BACKSPACE = new Set(["\b", "\u007f"]);
const CTRL_C = "\u0003";
const CTRL_D = "\u0004";
const CTRL_U = "\u0015";

/** Raw mode for both kinds: nothing echoes by itself, and Ctrl-C restores the terminal before it ends us. */
function readLine({ stdin, stderr }: Streams, echo: boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const decoder = new TextDecoder();
    let line: string[] = [];
    const finish = (settle: () => void) => {
      stdin.off("data", onData).off("end", onEnd).pause();
      stdin.setRawMode(false);
      settle();
    };
    const interrupted = () => reject(new CliError("interrupted", "stopped"));
    const onEnd = () => finish(interrupted);
    const onData = (chunk: Buffer) => {
      const characters = [...decoder.decode(chunk, { stream: true })];
      for (const [index, character] of characters.entries()) {
        if (ENTER.has(character)) {
          // Pasted in one go: the rest answers the next question.
          const rest = characters.slice(index + 1).join("");
          finish(() => resolve(line.join("")));
          if (rest !== "") stdin.unshift(Buffer.from(rest));
          return;
        }
        if (character === CTRL_C || (character === CTRL_D && line.length === 0)) return finish(interrupted);
        const before = line.length;
        line = edited(line, character);
        if (!echo) continue;
        if (line.length > before) stderr.write(character);
        else stderr.write("\b \b".repeat(before - line.length));
      }
    };
    stdin.setRawMode(true);
    stdin.on("data", onData).once("end", onEnd).resume();
  });
}

function edited(line: readonly string[], character: string): string[] {
  if (BACKSPACE.has(character)) return line.slice(0, -1);
  if (character === CTRL_U) return [];
  return character >= " " ? [...line, character] : [...line];
}

async function readAll(stdin: NodeJS.ReadStream, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new CliError("usage", `stdin holds more than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
