import type { ReachableResource } from "@tidewaiter/core";
import { escapeText } from "@tidewaiter/core/recording/escape-text";

export interface MenuSize {
  readonly rows: number;
  readonly cols: number;
}

export type MenuAnswer =
  /** `rest`: what was typed behind Enter. */
  { readonly type: "chosen"; readonly name: string; readonly rest: Buffer } | { readonly type: "left" };

interface Line {
  readonly number: number;
  readonly name: string;
  /** Levels and tags, safe for a terminal. */
  readonly about: string;
}

const MAX_FILTER = 64;
/** A client may say any size. */
const ROWS = { least: 8, most: 200 };
const COLS = { least: 40, most: 400 };
const HEADINGS = 4;
const ALTERNATE_SCREEN = "\u001b[?1049h";
const MAIN_SCREEN = "\u001b[?1049l";
const CLEAR = "\u001b[H\u001b[J";
const [CTRL_C, CTRL_D, CTRL_U, BACKSPACE, DELETE, ESCAPE] = [0x03, 0x04, 0x15, 0x08, 0x7f, 0x1b];
const ENTER: readonly number[] = [0x0d, 0x0a];

/** A list on a terminal, narrowed by what is typed. Pure: bytes in, text out. */
export class ResourceMenu {
  readonly #lines: readonly Line[];
  readonly #heading: string;
  #size: MenuSize;
  #filter = "";
  /** In the list as it is narrowed. */
  #marked = 0;
  /** Bytes of an escape sequence that has begun. */
  #sequence: string | undefined;

  constructor(resources: readonly ReachableResource[], options: { readonly heading: string; readonly size: MenuSize }) {
    this.#lines = resources.map((resource, index) => ({
      number: index + 1,
      name: escapeText(resource.name),
      about: aboutResource(resource),
    }));
    this.#heading = escapeText(options.heading);
    this.#size = options.size;
  }

  resize(size: MenuSize): void {
    this.#size = size;
  }

  begin(): string {
    return `${ALTERNATE_SCREEN}${this.draw()}`;
  }

  end(): string {
    return MAIN_SCREEN;
  }

  draw(): string {
    const rows = clamp(this.#size.rows, ROWS) - HEADINGS;
    const cols = clamp(this.#size.cols, COLS) - 1;
    const found = this.#found();
    const first = Math.max(0, Math.min(this.#marked - Math.floor(rows / 2), found.length - rows));
    const shown = found.slice(first, first + rows);
    const width = Math.max(0, ...shown.map(({ name }) => name.length));
    const lines = shown.map(({ number, name, about }, index) => {
      const mark = first + index === this.#marked ? ">" : " ";
      return `${mark} ${String(number).padStart(3)}  ${name.padEnd(width)}  ${about}`;
    });
    const hidden = found.length - shown.length;
    const count = found.length === 0 ? "nothing is called that" : hidden > 0 ? `${hidden} more: type to narrow` : "";
    const all = [
      this.#heading,
      "A number or a part of a name or tag, then Enter. Ctrl-C leaves.",
      ...lines,
      count,
      `: ${this.#filter}`,
    ];
    return `${CLEAR}${all.map((line) => line.slice(0, cols)).join("\r\n")}`;
  }

  /** Undefined: goes on; draw again. */
  take(chunk: Buffer): MenuAnswer | undefined {
    for (const [index, byte] of chunk.entries()) {
      if (this.#sequence !== undefined) this.#escape(byte);
      else if (byte === ESCAPE) this.#sequence = "";
      else if (byte === CTRL_C || (byte === CTRL_D && this.#filter === "")) return { type: "left" };
      else if (ENTER.includes(byte)) {
        const line = this.#found()[this.#marked];
        if (line === undefined) continue;
        const pair = byte === 0x0d && chunk[index + 1] === 0x0a ? 2 : 1;
        return { type: "chosen", name: line.name, rest: chunk.subarray(index + pair) };
      } else this.#key(byte);
    }
    return undefined;
  }

  #key(byte: number): void {
    if (byte === BACKSPACE || byte === DELETE) this.#narrow(this.#filter.slice(0, -1));
    else if (byte === CTRL_U) this.#narrow("");
    else if (byte >= 0x20 && byte < DELETE && this.#filter.length < MAX_FILTER)
      this.#narrow(this.#filter + String.fromCharCode(byte).toLowerCase());
  }

  #narrow(filter: string): void {
    this.#filter = filter;
    this.#marked = 0;
  }

  /** CSI and SS3 sequences (ECMA-48, 5.4); of them the arrows mean something here. */
  #escape(byte: number): void {
    const sequence = (this.#sequence ?? "") + String.fromCharCode(byte);
    const begins = sequence === "[" || sequence === "O";
    const goesOn = begins || (sequence.startsWith("[") && byte >= 0x20 && byte < 0x40 && sequence.length < 16);
    this.#sequence = goesOn ? sequence : undefined;
    if (sequence === "[A" || sequence === "OA") this.#marked = Math.max(0, this.#marked - 1);
    if (sequence === "[B" || sequence === "OB")
      this.#marked = Math.max(0, Math.min(this.#found().length - 1, this.#marked + 1));
  }

  /** The one with this number first, then names that begin so, then what has all words somewhere. */
  #found(): readonly Line[] {
    const filter = this.#filter.trim();
    if (filter === "") return this.#lines;
    const words = filter.split(/ +/);
    const has = ({ name, about }: Line): boolean =>
      words.every((word) => `${name} ${about.toLowerCase()}`.includes(word));
    const rank = (line: Line): number =>
      String(line.number) === filter
        ? 0
        : line.name === filter
          ? 1
          : line.name.startsWith(filter)
            ? 2
            : has(line)
              ? 3
              : 4;
    return this.#lines
      .map((line) => ({ line, rank: rank(line) }))
      .filter((each) => each.rank < 4)
      .sort((one, other) => one.rank - other.rank || one.line.number - other.line.number)
      .map(({ line }) => line);
  }
}

/** Tags are written by people who may do that on some resources, and are read on terminals of others. */
export function aboutResource({ levels, tags }: ReachableResource): string {
  const known = Object.entries(tags).map(([tag, value]) => `${tag}=${value}`);
  return escapeText([levels.join(", "), ...known].join("  "));
}

function clamp(value: number, { least, most }: { readonly least: number; readonly most: number }): number {
  return Math.min(most, Math.max(least, value));
}
