import xterm, { type IMarker } from "@xterm/headless";

const { Terminal } = xterm;
/** Lines that are kept above the screen, so that a long command is still there. */
const SCROLLBACK = 200;
/** Longer is no command that a person types. */
const MAX_TYPED = 8 * 1024;

/**
 * The screen that the client sees, to read from it what was typed when Enter is pressed: with the line editing of the shell,
 * its history and completion, and without what is not shown, such as passwords. An audit aid: programs may paint anything.
 */
export class TypedLine {
  readonly #terminal: InstanceType<typeof Terminal>;
  #over = false;
  #start: { readonly marker: IMarker | undefined; readonly column: number } | undefined;

  constructor({ columns, rows }: { readonly columns: number; readonly rows: number }) {
    this.#terminal = new Terminal({
      cols: bounded(columns, 500),
      rows: bounded(rows, 300),
      scrollback: SCROLLBACK,
      allowProposedApi: true,
    });
  }

  output(bytes: Uint8Array): void {
    this.#terminal.write(bytes);
  }

  resize(columns: number, rows: number): void {
    this.#terminal.resize(bounded(columns, 500), bounded(rows, 300));
  }

  /** Whether the program that reads has asked for bracketed pastes; others take the lines of one as they come. */
  async takesPastes(): Promise<boolean> {
    await new Promise<void>((resolve) => this.#terminal.write("", resolve));
    return this.#terminal.modes.bracketedPasteMode;
  }

  /** Somebody begins to type: what stands in front of the cursor is the prompt. */
  begin(): void {
    if (this.#start !== undefined || this.#over) return;
    // behind the output that has come and is not on the screen yet: the end of the prompt may be in it
    this.#terminal.write("", () => {
      if (this.#start !== undefined || this.#over) return;
      const { cursorX } = this.#terminal.buffer.active;
      this.#start = { marker: this.#terminal.registerMarker(0), column: cursorX };
    });
  }

  /** The line is over: the next one begins with the next key. */
  forget(): void {
    this.#start?.marker?.dispose();
    this.#start = undefined;
  }

  /** What was typed since `begin`; empty when nothing is shown, undefined where a program has the whole screen. */
  async read(): Promise<string | undefined> {
    await new Promise<void>((resolve) => this.#terminal.write("", resolve));
    const buffer = this.#terminal.buffer.active;
    if (buffer.type === "alternate") return undefined;
    const last = buffer.baseY + buffer.cursorY;
    const begun = this.#start?.marker?.line ?? -1;
    let from = begun >= 0 && begun <= last ? begun : last;
    let column = begun >= 0 && begun <= last ? (this.#start?.column ?? 0) : 0;
    if (begun < 0) {
      // scrolled away or painted anew: the whole line that wraps into the cursor's
      while (from > 0 && buffer.getLine(from)?.isWrapped === true) from--;
      column = 0;
    }
    let text = "";
    for (let line = from; line <= last || buffer.getLine(line)?.isWrapped === true; line++) {
      const row = buffer.getLine(line);
      if (row === undefined || text.length > MAX_TYPED) break;
      const next = buffer.getLine(line + 1);
      const part = row.translateToString(next?.isWrapped !== true, line === from ? column : 0);
      text += line > from && !row.isWrapped ? `\n${part}` : part;
    }
    return text.trim().slice(0, MAX_TYPED);
  }

  dispose(): void {
    this.#over = true;
    this.#terminal.dispose();
  }
}

function bounded(size: number, most: number): number {
  return Math.max(2, Math.min(most, Math.trunc(size) || 80));
}
