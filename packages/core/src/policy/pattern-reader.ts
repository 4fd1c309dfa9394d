import type { PatternFacts } from "./pattern-facts.ts";

/** What is known of every match of a part of a pattern. */
interface Part {
  readonly shortest: number;
  readonly longest: number;
  /** The longest text that is in every match. */
  readonly literal: string;
  /** The part matches this text and nothing else. */
  readonly exact?: string;
}

const NOTHING: Part = { shortest: 0, longest: 0, literal: "", exact: "" };
const ANY_CHARACTER: Part = { shortest: 1, longest: 1, literal: "" };
/** `\b`, `^` and the like. */
const PLACE: Part = { shortest: 0, longest: 0, literal: "" };

/**
 * Reads a pattern that RE2 has accepted. What it is not sure of it leaves out of the literal and counts as possible, so a
 * match always has the literal and a length between both bounds.
 */
export function readPattern(pattern: string): PatternFacts {
  const reader = new Reader(pattern);
  const { shortest, longest, literal } = reader.alternatives();
  if (!reader.sure) return { shortest: 0, longest: Number.POSITIVE_INFINITY };
  return literal === "" ? { shortest, longest } : { shortest, longest, literal };
}

class Reader {
  readonly #text: string;
  /** Some part ignores case: then no letter is sure. */
  readonly #foldsCase: boolean;
  #at = 0;
  /** False: RE2 may understand this in another way. */
  sure = true;

  constructor(text: string) {
    this.#text = text;
    this.#foldsCase = /\(\?[a-zA-Z]*i/.test(text);
  }

  alternatives(): Part {
    let part = this.#sequence();
    while (this.#take("|")) part = either(part, this.#sequence());
    return part;
  }

  #sequence(): Part {
    const parts: Part[] = [];
    while (this.#at < this.#text.length && this.#text[this.#at] !== "|" && this.#text[this.#at] !== ")")
      parts.push(...this.#repeated(this.#item()));
    return joined(parts);
  }

  /** The item, as often as the quantifier behind it says; the last one of several carries it. */
  #repeated(items: readonly Part[]): readonly Part[] {
    const last = items.at(-1);
    const often = this.#quantifier();
    if (often === undefined) return items;
    if (last === undefined) {
      // behind flags or an empty quotation RE2 repeats what stands before them
      this.sure = false;
      return items;
    }
    return [...items.slice(0, -1), ...repeat(last, often)];
  }

  #quantifier(): { readonly least: number; readonly most: number } | undefined {
    const times = this.#bounds();
    if (times !== undefined) this.#take("?");
    return times;
  }

  #bounds(): { readonly least: number; readonly most: number } | undefined {
    if (this.#take("*")) return { least: 0, most: Number.POSITIVE_INFINITY };
    if (this.#take("+")) return { least: 1, most: Number.POSITIVE_INFINITY };
    if (this.#take("?")) return { least: 0, most: 1 };
    const written = /^\{(0|[1-9]\d*)(,?)(0|[1-9]\d*|)\}/.exec(this.#text.slice(this.#at, this.#at + 20));
    if (written === null || (written[2] === "" && written[3] !== "")) return undefined;
    this.#at += written[0].length;
    const least = Number(written[1]);
    if (written[2] === "") return { least, most: least };
    return { least, most: written[3] === "" ? Number.POSITIVE_INFINITY : Number(written[3]) };
  }

  #item(): readonly Part[] {
    const character = this.#next();
    if (character === "(") return this.#group();
    if (character === "[") return [this.#characterClass()];
    if (character === ".") return [ANY_CHARACTER];
    if (character === "^" || character === "$") return [PLACE];
    return character === "\\" ? this.#escape() : [this.#character(character)];
  }

  #group(): readonly Part[] {
    if (this.#take("?")) {
      // a name, or flags, either for this group or up to the end of the one around it
      while (this.#at < this.#text.length && !":>)".includes(this.#text[this.#at] as string)) this.#at++;
      if (this.#take(")")) return [];
      this.#at++;
    }
    const part = this.alternatives();
    this.#take(")");
    return [part];
  }

  #characterClass(): Part {
    this.#take("^");
    this.#take("]");
    while (this.#at < this.#text.length && this.#text[this.#at] !== "]") {
      if (this.#text.startsWith("[:", this.#at)) {
        const end = this.#text.indexOf(":]", this.#at + 2);
        if (end !== -1) this.#at = end + 1;
      } else if (this.#text[this.#at] === "\\") this.#at++;
      this.#at++;
    }
    this.#at++;
    return ANY_CHARACTER;
  }

  #escape(): readonly Part[] {
    const character = this.#next();
    if (character === "Q") return this.#quoted();
    if ("bBAz".includes(character)) return [PLACE];
    if ("pP".includes(character)) this.#skipName();
    else if (character === "x") this.#skipName(2);
    else if (/[0-7]/.test(character)) this.#skipOctal();
    else if (!/[a-zA-Z]/.test(character)) return [this.#character(character)];
    return [ANY_CHARACTER];
  }

  /** At most three digits, the first of which is read. */
  #skipOctal(): void {
    for (let count = 1; count < 3 && /[0-7]/.test(this.#text[this.#at] ?? ""); count++) this.#at++;
  }

  /** `{NAME}` or the next characters, as behind `\p` and `\x`. */
  #skipName(bare = 1): void {
    const end = this.#text[this.#at] === "{" ? this.#text.indexOf("}", this.#at) : -1;
    this.#at = end === -1 ? this.#at + bare : end + 1;
  }

  #quoted(): readonly Part[] {
    const end = this.#text.indexOf("\\E", this.#at);
    const text = this.#text.slice(this.#at, end === -1 ? undefined : end);
    this.#at += text.length + (end === -1 ? 0 : 2);
    return Array.from(text, (character) => this.#character(character));
  }

  #character(character: string): Part {
    const code = character.codePointAt(0) ?? 0;
    // what CSV, COPY and JSON write in another way is never sure, nor what stands in for another code point
    const plain = code >= 0x20 && code < 0x7f && character !== '"' && character !== "\\";
    const folded = this.#foldsCase && /[a-zA-Z]/.test(character);
    return plain && !folded ? { shortest: 1, longest: 1, literal: character, exact: character } : ANY_CHARACTER;
  }

  #next(): string {
    const character = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0);
    this.#at += character.length;
    return character;
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }
}

function either(a: Part, b: Part): Part {
  const bounds = { shortest: Math.min(a.shortest, b.shortest), longest: Math.max(a.longest, b.longest) };
  if (a.literal === b.literal && a.exact === b.exact && a.exact !== undefined) return a;
  return { ...bounds, literal: a.literal === b.literal ? a.literal : "" };
}

function repeat(part: Part, { least, most }: { readonly least: number; readonly most: number }): readonly Part[] {
  if (least === 0) return [{ shortest: 0, longest: times(part.longest, most), literal: "" }];
  if (part.exact !== undefined && least === most && part.exact.length * least <= 64) return new Array(least).fill(part);
  // one whole time is sure where it stands; what follows it is not
  return [part, { shortest: part.shortest * (least - 1), longest: times(part.longest, most - 1), literal: "" }];
}

/** Zero times endless is zero. */
function times(length: number, most: number): number {
  return length === 0 || most === 0 ? 0 : length * most;
}

function joined(parts: readonly Part[]): Part {
  let shortest = 0;
  let longest = 0;
  let literal = "";
  let run = "";
  let exact: string | undefined = "";
  for (const part of parts) {
    shortest += part.shortest;
    longest += part.longest;
    run = part.exact === undefined ? "" : run + part.exact;
    exact = part.exact === undefined || exact === undefined ? undefined : exact + part.exact;
    for (const candidate of [run, part.literal]) if (candidate.length > literal.length) literal = candidate;
  }
  return exact === undefined
    ? { shortest, longest, literal }
    : parts.length === 0
      ? NOTHING
      : { shortest, longest, literal, exact };
}
