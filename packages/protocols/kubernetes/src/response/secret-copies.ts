interface Range {
  readonly start: number;
  readonly end: number;
}

/** Shorter values stand everywhere by chance. */
const MIN_VALUE = 5;
/** A run of letters that long is no text for people: something is packed in it. */
const MIN_OPAQUE = 80;
const OPAQUE = /^[A-Za-z0-9+/_=-]+$/;
/** Beginnings of gzip in base64, of any length. */
const PACKED = /^(?:H4sI|eJ|UEsD|QlpoO)/;
/** As much of a value is looked for as a whole: whoever copies it copies its beginning. */
const MAX_NEEDLE = 256;
/** Words of a value that no writing changes, such as the lines of a key: the longest of them, and no short ones. */
const MIN_WORD = 8;
const MAX_WORDS = 20;

/** Bytes that are looked at for all values of one Secret; where it would be more, no annotation is shown. */
const MAX_SEARCH = 100_000_000;

/** Values of the Secret that is being read, and its annotations: programs keep copies of an object in them. */
export class SecretCopies {
  readonly #values: string[] = [];
  readonly #annotations: Range[] = [];

  /** So far; for a Secret inside of another. */
  mark(): readonly [number, number] {
    return [this.#values.length, this.#annotations.length];
  }

  reset([values, annotations]: readonly [number, number]): void {
    this.#values.length = values;
    this.#annotations.length = annotations;
  }

  value(text: string, form: "base64" | "text"): void {
    this.#values.push(
      form === "base64" ? Buffer.from(text, "base64").toString("latin1") : Buffer.from(text).toString("latin1"),
    );
  }

  annotation(start: number, end: number): void {
    this.#annotations.push({ start, end });
  }

  /** Annotations in which a value shows, in whatever common writing. */
  found(
    [values, annotations]: readonly [number, number],
    shown: (start: number, end: number) => string,
  ): readonly Range[] {
    const ranges = this.#annotations.slice(annotations);
    if (ranges.length === 0) return [];
    const needles = this.#values.slice(values).flatMap(writings);
    const bytes = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
    if (needles.length * bytes > MAX_SEARCH) return ranges;
    return ranges.filter(({ start, end }) => {
      const text = shown(start, end);
      return needles.some((needle) => text.includes(needle));
    });
  }

  /** What stands in `[start, end)` is packed or encoded as a whole. */
  static isOpaque(bytes: Buffer, start: number, end: number): boolean {
    const head = bytes.toString("latin1", start, Math.min(end, start + 8));
    if (PACKED.test(head) && end - start > 16) return true;
    return end - start >= MIN_OPAQUE && OPAQUE.test(bytes.toString("latin1", start, end));
  }
}

/** A value as it is, in base64 wherever it begins, in hexadecimal, as part of a URL and inside of JSON. */
function writings(latin1: string): readonly string[] {
  if (latin1.length < MIN_VALUE) return [];
  const bytes = Buffer.from(latin1.slice(0, MAX_NEEDLE), "latin1");
  const text = bytes.toString("utf8");
  const inBase64 = [0, 1, 2].map((skip) => {
    const whole = Buffer.concat([Buffer.alloc(skip), bytes]);
    return whole
      .subarray(0, whole.length - (whole.length % 3))
      .toString("base64")
      .slice(skip === 0 ? 0 : 4);
  });
  const long = [...inBase64, ...inBase64.map((each) => each.replaceAll("+", "-").replaceAll("/", "_"))].filter(
    (each) => each.length >= MIN_VALUE,
  );
  const hex = bytes.toString("hex");
  return [...new Set([text, ...long, hex, hex.toUpperCase(), encoded(text), ...wordsOf(latin1)])];
}

function wordsOf(latin1: string): readonly string[] {
  const words = latin1.split(/[^A-Za-z0-9]+/).filter((word) => word.length >= MIN_WORD);
  return words.sort((a, b) => b.length - a.length).slice(0, MAX_WORDS);
}

function encoded(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return text;
  }
}
