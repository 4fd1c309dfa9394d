import { isUtf8 } from "node:buffer";
import type { JsonMaskSpec, JsonPathStep, ValueMaskSpec } from "@tidewaiter/core";
import { parseJsonPath, strictestMask } from "@tidewaiter/core";
import { JsonReader } from "./json-reader.ts";

/** One path and what stands at its end. */
interface MaskedPath {
  readonly steps: readonly JsonPathStep[];
  readonly mask: ValueMaskSpec;
}

/** Where one path may have come to: bit n is set when n of its steps are taken (`..` leaves several possible). */
interface Walk {
  readonly path: MaskedPath;
  readonly taken: number;
}

/** What becomes of the parts of a document. */
export interface JsonParts {
  /** One string or number in place of another, as JSON; undefined: the constant of its kind. */
  readonly leaf: (mask: ValueMaskSpec, kind: "string" | "number", text: string) => string | undefined;
  /** What stands between masked values: any number of whole tokens. */
  readonly rest: (part: Buffer) => Buffer;
}

/**
 * Values inside of a JSON text, by path; what stands between them stays byte for byte, numbers beyond double precision
 * and repeated keys too, but for what `rest` makes of it. Strings, numbers and booleans become a value of their kind, null
 * stays, and an object or array becomes null: what it is made of is part of the value. Undefined: the text is no JSON that
 * can be read to its end (RFC 8259).
 */
export class JsonMask {
  readonly #paths: readonly MaskedPath[];
  readonly #parts: JsonParts;

  constructor(spec: JsonMaskSpec, parts: JsonParts) {
    // a path that cannot be read names everything
    this.#paths = spec.paths.map(({ path, mask }) => ({ steps: parseJsonPath(path) ?? [], mask }));
    this.#parts = parts;
  }

  apply(text: Buffer): Buffer | undefined {
    if (!isUtf8(text)) return undefined;
    const reader = new JsonReader(text);
    const changes: Change[] = [];
    const walks = this.#paths.map((path) => ({ path, taken: 1 }));
    return this.#value(reader, walks, changes) && reader.atEnd() ? this.#rewritten(text, changes) : undefined;
  }

  #value(reader: JsonReader, walks: readonly Walk[], changes: Change[]): boolean {
    const mask = arrived(walks);
    if (mask !== undefined) return this.#replace(reader, mask, changes);
    if (walks.length === 0) return reader.skipValue();
    switch (reader.peek()) {
      case "object":
        return reader.eachMember((key) => this.#value(reader, stepped(walks, key), changes));
      case "array":
        return reader.eachElement((index) => this.#value(reader, stepped(walks, index), changes));
      default:
        return reader.skipValue();
    }
  }

  #replace(reader: JsonReader, mask: ValueMaskSpec, changes: Change[]): boolean {
    const kind = reader.peek();
    const from = reader.at;
    if (!reader.skipValue()) return false;
    const text = reader.text(from);
    const value = text === undefined ? undefined : this.#masked(mask, kind, text);
    if (value === undefined) return false;
    changes.push({ from, to: reader.at, value });
    return true;
  }

  #rewritten(text: Buffer, changes: readonly Change[]): Buffer {
    const { rest } = this.#parts;
    const out: Buffer[] = [];
    let copied = 0;
    for (const { from, to, value } of changes) {
      out.push(rest(text.subarray(copied, from)), Buffer.from(value));
      copied = to;
    }
    out.push(rest(text.subarray(copied)));
    return Buffer.concat(out);
  }

  #masked(mask: ValueMaskSpec, kind: ReturnType<JsonReader["peek"]>, text: string): string | undefined {
    switch (kind) {
      case "string":
        return mask.transform === "null" ? "null" : (this.#parts.leaf(mask, kind, text) ?? '"***"');
      case "number":
        return mask.transform === "null" ? "null" : (this.#parts.leaf(mask, kind, text) ?? "0");
      case "boolean":
        return mask.transform === "null" ? "null" : "false";
      case "null":
      case "object":
      case "array":
        return "null";
      default:
        return undefined;
    }
  }
}

interface Change {
  readonly from: number;
  readonly to: number;
  readonly value: string;
}

/** The strictest mask of the paths that end here; undefined when none does. */
function arrived(walks: readonly Walk[]): ValueMaskSpec | undefined {
  const ended = walks.filter(({ path, taken }) => (taken & (1 << path.steps.length)) !== 0);
  const mask = strictestMask(ended.map(({ path }) => path.mask));
  return mask?.transform === "json" ? undefined : mask;
}

function stepped(walks: readonly Walk[], to: string | number): readonly Walk[] {
  const next: Walk[] = [];
  for (const { path, taken } of walks) {
    let after = 0;
    for (const [index, step] of path.steps.entries()) {
      if ((taken & (1 << index)) === 0) continue;
      if (fits(step, to)) after |= 1 << (index + 1);
      if (step.type === "anywhere") after |= 1 << index;
    }
    if (after !== 0) next.push({ path, taken: after });
  }
  return next;
}

function fits(step: JsonPathStep, to: string | number): boolean {
  switch (step.type) {
    case "each":
      return true;
    case "element":
      return step.index === to;
    default:
      return step.name === to;
  }
}
