const ESC = "\u001b";
const BEL = "\u0007";
/** A longer sequence is none: a terminal ignores it, and whoever sends it may not make us keep it. */
const MAX_SEQUENCE = 4_096;

/** CSI finals that draw: cursor, erase, insert, delete, scroll, tabs, repeat, colours, margins (ECMA-48, 8.3; xterm's ctlseqs). */
const DRAWING = /^[@A-MPSTXZ`abdefgmrsu]$/;
/** Modes that change the picture alone: insert, line feed; and DEC's: reverse, origin, wrap, cursor, alternate screen. */
const ANSI_MODES = new Set(["4", "20"]);
const DEC_MODES = new Set(["5", "6", "7", "12", "25", "47", "1047", "1048", "1049"]);
const ALTERNATE = new Set(["47", "1047", "1049"]);
/** Save, restore, index, next line, tab stop, reverse index, single shifts. */
const SHORT = /^[78DEHMNO]$/;
/** In place of a full reset, which takes what stood in the terminal before. */
const RESET = `${ESC}[!p${ESC}[2J${ESC}[H`;

/** The parts of a stream for a terminal. Each is looked for at one place: what fits none is one character. */
const PLAIN = at("[^\u0000-\u001f\u007f-\u009f]+");
const CONTROL = at(`${ESC}\\[([0-?]*)([ -/]*)([@-~])`);
const CONTROL_BEGUN = at(`${ESC}(?:\\[[0-?]*[ -/]*)?$`);
const STRING = at(`${ESC}[\\]PX^_]`);
const ESCAPE = at(`${ESC}([ -/]*)([0-~])`);
const ESCAPE_BEGUN = at(`${ESC}[ -/]*$`);
/** Backspace, tab, line ends, and the shifts between two character sets. */
const KEPT_CONTROLS = at("[\b\t\n\u000b\f\r\u000e\u000f]");

/** Made from text: control characters are what is looked for. */
function at(pattern: string): RegExp {
  return new RegExp(pattern, "y");
}

/**
 * Lets through what draws the picture of a terminal that somebody else's programs write to. What else a terminal may be
 * told is left out: its title, the clipboard, to answer something, to send the mouse or keys in another way, to forget
 * what it showed before. Sequences may be cut anywhere between two chunks.
 */
export class TerminalPicture {
  #held = "";
  /** Characters of a string (OSC, DCS and the like) so far; undefined outside of one. */
  #string: number | undefined;
  #alternate = false;

  push(text: string): string {
    const all = this.#held + text;
    this.#held = "";
    let shown = "";
    for (let at = 0; at < all.length; ) {
      if (this.#string !== undefined) {
        at = this.#skipString(all, at);
        continue;
      }
      const [length, drawn] = this.#part(all, at);
      if (length === 0) {
        this.#held = all.slice(at);
        break;
      }
      shown += drawn;
      at += length;
    }
    return shown;
  }

  /** Leaves a terminal of one's own as it was found: the main screen, a cursor, no colours. */
  get restore(): string {
    const screen = this.#alternate ? `${ESC}[?1049l` : "";
    return `${screen}${ESC}[!p${ESC}[?5l${ESC}[?7h${ESC}[?25h${ESC}[0m${ESC}(B\u000f`;
  }

  /** How long the part at this place is, and what of it is drawn; length 0: its end has not come yet. */
  #part(all: string, at: number): readonly [length: number, drawn: string] {
    const plain = match(PLAIN, all, at) ?? match(KEPT_CONTROLS, all, at);
    if (plain !== undefined) return [plain[0].length, plain[0]];
    if (all[at] !== ESC) return [1, ""];
    const control = match(CONTROL, all, at);
    if (control !== undefined) return [control[0].length, this.#control(control)];
    if (match(STRING, all, at) !== undefined) {
      this.#string = 0;
      return [2, ""];
    }
    const begun = match(CONTROL_BEGUN, all, at) ?? match(ESCAPE_BEGUN, all, at);
    if (begun !== undefined) return begun[0].length > MAX_SEQUENCE ? [begun[0].length, ""] : [0, ""];
    const short = all[at + 1] === "[" ? undefined : match(ESCAPE, all, at);
    if (short === undefined) return [1, ""];
    return [short[0].length, drawnOf(short)];
  }

  #control([whole, parameters = "", between = "", final = ""]: RegExpExecArray): string {
    if (whole.length > MAX_SEQUENCE) return "";
    // the cursor's shape, and a soft reset
    if (between !== "") return whole === `${ESC}[!p` || (between === " " && final === "q") ? whole : "";
    if (final === "h" || final === "l") return this.#modes(parameters, final);
    if (/[<=>]/.test(parameters)) return "";
    if (parameters.startsWith("?")) return final === "J" || final === "K" ? whole : "";
    // the scrollback; tracking of the mouse
    if ((final === "J" && parameters === "3") || (final === "T" && parameters.includes(";"))) return "";
    return DRAWING.test(final) ? whole : "";
  }

  #modes(parameters: string, final: string): string {
    const dec = parameters.startsWith("?");
    const modes = (dec ? parameters.slice(1) : parameters).split(";");
    const kept = modes.filter((mode) => (dec ? DEC_MODES : ANSI_MODES).has(mode));
    if (dec && kept.some((mode) => ALTERNATE.has(mode))) this.#alternate = final === "h";
    return kept.length === 0 ? "" : `${ESC}[${dec ? "?" : ""}${kept.join(";")}${final}`;
  }

  /** Ends at BEL or ST, at any other ESC, and where nobody would go on waiting. */
  #skipString(all: string, from: number): number {
    const room = MAX_SEQUENCE - (this.#string ?? 0);
    for (let at = from; at < all.length; at++) {
      if (all[at] === ESC || at - from > room) return this.#stringEnds(at);
      if (all[at] === BEL || all[at] === "\u009c") return this.#stringEnds(at + 1);
    }
    this.#string = (this.#string ?? 0) + all.length - from;
    return all.length;
  }

  #stringEnds(at: number): number {
    this.#string = undefined;
    return at;
  }
}

/** `ESC ( B` and other choices of a character set, `ESC # 8`, and the short ones. ST is the end of a string. */
function drawnOf([whole, between = "", final = ""]: RegExpExecArray): string {
  if (between === "") return final === "c" ? RESET : SHORT.test(final) ? whole : "";
  return (between === "#" ? final === "8" : /^[()*+]$/.test(between)) ? whole : "";
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}
