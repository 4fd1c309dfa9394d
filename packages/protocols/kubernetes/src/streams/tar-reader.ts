import { createHash, type Hash } from "node:crypto";

/** One file of an archive that went by. */
export interface TarFile {
  readonly path: string;
  readonly bytes: number;
  /** Hexadecimal; undefined where holes were left out. */
  readonly sha256: string | undefined;
}

const BLOCK = 512;
/** Of long names and extended headers. */
const MAX_META = 64 * 1024;
const MAX_PATH = 4 * 1024;

type Part =
  | { readonly type: "header" }
  | { readonly type: "sparse" }
  | { readonly type: "meta"; readonly flag: string; readonly chunks: Buffer[] }
  | { readonly type: "file"; readonly path: string; readonly size: number; readonly hash: Hash | undefined }
  | { readonly type: "skip" };

interface Entry {
  readonly path: string;
  readonly size: number;
}

/**
 * Reads a tar stream as it goes by (POSIX ustar and pax, GNU long names and sparse files), whatever its bytes are cut into.
 * Only looks: what it does not understand, such as a compressed archive, it stops understanding.
 */
export class TarReader {
  readonly #onFile: (file: TarFile) => void;
  #part: Part = { type: "header" };
  /** Bytes of the part that are still to come, and of the padding behind it. */
  #left = BLOCK;
  #padding = 0;
  #block: Buffer[] = [];
  /** From an extended header, for the next entry. */
  #next: { path?: string; size?: number } = {};
  #sparse: Entry | undefined;
  /** It did not understand, or the archive is over. */
  #over = false;
  /** Something was no tar. */
  lost = false;

  constructor(onFile: (file: TarFile) => void) {
    this.#onFile = onFile;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.#over) {
      if (this.#left > 0) {
        const bytes = chunk.subarray(at, Math.min(chunk.length, at + this.#left));
        at += bytes.length;
        this.#left -= bytes.length;
        this.#take(bytes);
        if (this.#left === 0) this.#ended();
      } else {
        const padded = Math.min(this.#padding, chunk.length - at);
        at += padded;
        this.#padding -= padded;
      }
      if (this.#left === 0 && this.#padding === 0 && !this.#over) this.#begin({ type: "header" }, BLOCK);
    }
  }

  #begin(part: Part, size: number): void {
    this.#part = part;
    this.#left = size;
    this.#padding = (BLOCK - (size % BLOCK)) % BLOCK;
    if (size === 0) this.#ended();
  }

  #take(bytes: Buffer): void {
    const part = this.#part;
    if (part.type === "file") part.hash?.update(bytes);
    else if (part.type === "meta") part.chunks.push(Buffer.from(bytes));
    else if (part.type !== "skip") this.#block.push(Buffer.from(bytes));
  }

  #ended(): void {
    const part = this.#part;
    switch (part.type) {
      case "file":
        return this.#onFile({ path: part.path, bytes: part.size, sha256: part.hash?.digest("hex") });
      case "meta":
        return this.#meta(part.flag, Buffer.concat(part.chunks));
      case "header":
      case "sparse": {
        const block = Buffer.concat(this.#block);
        this.#block = [];
        return part.type === "header" ? this.#header(block) : this.#moreHoles(block);
      }
      case "skip":
        return;
    }
  }

  #header(block: Buffer): void {
    if (block.every((byte) => byte === 0)) {
      this.#over = true;
      return;
    }
    const size = numberAt(block, 124, 12);
    if (size === undefined || !isSum(block)) return this.#lose();
    const flag = String.fromCharCode(block[156] ?? 0);
    if ("xgLKX".includes(flag)) {
      if (size > MAX_META) return this.#lose();
      return this.#begin({ type: "meta", flag, chunks: [] }, size);
    }
    const next = this.#next;
    this.#next = {};
    const entry = { path: (next.path ?? nameOf(block)).slice(0, MAX_PATH), size: next.size ?? size };
    if (flag === "0" || flag === "\0" || flag === "7")
      // a name that ends so is a folder's, in archives older than ustar
      return entry.path.endsWith("/") ? this.#begin({ type: "skip" }, 0) : this.#file(entry, createHash("sha256"));
    if (flag === "S") {
      this.#sparse = entry;
      return block[482] === 1 ? this.#begin({ type: "sparse" }, BLOCK) : this.#file(entry, undefined);
    }
    // folders, links and devices have no bytes, whatever they say
    return this.#begin({ type: "skip" }, "123456".includes(flag) ? 0 : entry.size);
  }

  #moreHoles(block: Buffer): void {
    const entry = this.#sparse;
    if (block[504] === 1) this.#begin({ type: "sparse" }, BLOCK);
    else if (entry !== undefined) this.#file(entry, undefined);
  }

  #file({ path, size }: Entry, hash: Hash | undefined): void {
    this.#begin({ type: "file", path, size, hash }, size);
  }

  #meta(flag: string, bytes: Buffer): void {
    if (flag === "L") this.#next.path = textOf(bytes);
    if (flag === "x" || flag === "X") Object.assign(this.#next, readPax(bytes));
  }

  #lose(): void {
    this.lost = true;
    this.#over = true;
  }
}

/** `LENGTH KEY=VALUE\n`, with the length of all of it (POSIX pax, extended header). */
function readPax(bytes: Buffer): { path?: string; size?: number } {
  const read: { path?: string; size?: number } = {};
  let at = 0;
  while (at < bytes.length) {
    const space = bytes.indexOf(0x20, at);
    const length = space < 0 ? 0 : Number(bytes.toString("latin1", at, space));
    if (!Number.isInteger(length) || length < space - at + 3 || at + length > bytes.length) return read;
    const record = bytes.toString("utf8", space + 1, at + length - 1);
    const equals = record.indexOf("=");
    const [key, value] = [record.slice(0, equals), record.slice(equals + 1)];
    if (key === "path" || key === "GNU.sparse.name") read.path = value;
    if (key === "size" && /^\d{1,15}$/.test(value)) read.size = Number(value);
    at += length;
  }
  return read;
}

function nameOf(block: Buffer): string {
  const name = textOf(block.subarray(0, 100));
  const prefix =
    block.toString("latin1", 257, 262) === "ustar" && block[263] === 0x30 ? textOf(block.subarray(345, 500)) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString("utf8", 0, end < 0 ? bytes.length : end);
}

/** Octal, or base 256 where the first bit is set (GNU). Undefined: neither, or more than can be counted. */
function numberAt(block: Buffer, at: number, length: number): number | undefined {
  if ((block[at] ?? 0) >= 0x80) {
    let value = BigInt((block[at] ?? 0) & 0x7f);
    for (let index = at + 1; index < at + length; index++) value = value * 256n + BigInt(block[index] ?? 0);
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : undefined;
  }
  const text = textOf(block.subarray(at, at + length)).trim();
  return /^[0-7]*$/.test(text) ? Number.parseInt(text || "0", 8) : undefined;
}

/** The sum of all bytes, those of the sum itself taken as spaces. */
function isSum(block: Buffer): boolean {
  let sum = 8 * 0x20;
  for (let index = 0; index < BLOCK; index++) if (index < 148 || index >= 156) sum += block[index] ?? 0;
  return numberAt(block, 148, 8) === sum;
}
