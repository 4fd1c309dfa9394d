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
    let line = "";
    const finish = (settle: () => void) => {
      stdin.off("data", onData).off("end", onEnd).pause();
      stdin.setRawMode(false);
      settle();
    };
    const interrupted = () => reject(new CliError("interrupted", "stopped"));
    const onEnd = () => finish(interrupted);
    const onData = (chunk: Buffer) => {
      for (const character of chunk.toString("utf8")) {
        if (ENTER.has(character)) return finish(() => resolve(line));
        if (character === CTRL_C || (character === CTRL_D && line === "")) return finish(interrupted);
        if (BACKSPACE.has(character)) {
          if (echo && line !== "") stderr.write("\b \b");
          line = line.slice(0, -1);
        } else if (character === CTRL_U) {
          if (echo) stderr.write("\b \b".repeat(line.length));
          line = "";
        } else if (character >= " ") {
          if (echo) stderr.write(character);
          line += character;
        }
      }
    };
    stdin.setRawMode(true);
    stdin.on("data", onData).once("end", onEnd).resume();
  });
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
