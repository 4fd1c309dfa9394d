import { spawn } from "node:child_process";
import xterm from "@xterm/headless";

const SEEN_WITHIN_MS = 20_000;

/** A program in a terminal that `script` (util-linux) makes, and the screen as somebody in front of it sees it. */
export class Terminal {
  #child;
  #screen;
  #changed = Promise.withResolvers();
  closed;

  constructor(file, args, { env, rows = 40, cols = 160 }) {
    const quoted = [file, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
    this.#screen = new xterm.Terminal({ rows, cols, allowProposedApi: true });
    this.#child = spawn("script", ["-qefc", `stty rows ${rows} cols ${cols}; exec ${quoted}`, "/dev/null"], {
      env: { ...process.env, TERM: "xterm-256color", ...env },
      stdio: "pipe",
    });
    this.#child.stdout.on("data", (data) => this.#screen.write(data, () => this.#wake()));
    // what programs ask of their terminal
    this.#screen.onData((answer) => this.#child.stdin.write(answer));
    this.#child.stdin.on("error", () => {});
    this.closed = new Promise((resolve) => this.#child.once("close", resolve));
  }

  #wake() {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  get lines() {
    const { active } = this.#screen.buffer;
    return Array.from({ length: this.#screen.rows }, (_, row) => active.getLine(row)?.translateToString(true) ?? "");
  }

  type(text) {
    this.#child.stdin.write(text);
  }

  /** The lines of the screen once they are as wanted. */
  async see(what, wanted) {
    const late = AbortSignal.timeout(SEEN_WITHIN_MS);
    for (;;) {
      const { lines } = this;
      const found = wanted(lines);
      if (found) return found;
      if (late.aborted) throw new Error(`not seen: ${what} in ${lines.filter(Boolean).join(" | ").slice(-1500)}`);
      const ended = new Promise((resolve) => late.addEventListener("abort", resolve, { once: true }));
      await Promise.race([this.#changed.promise, ended]);
    }
  }

  kill() {
    this.#child.kill("SIGKILL");
  }
}
