const ESC = 0x1b;
const BEL = 0x07;
const BACKSLASH = 0x5c;
/** OSC, DCS, SOS, PM and APC end at ST or BEL; a terminal ignores longer ones, and so do we. */
const MAX_SEQUENCE = 4_096;

/** The bytes of a chunk that a terminal shows, and where each of them stood (ECMA-48, 5.4 and 5.6). */
export interface VisibleText {
  readonly bytes: Buffer;
  /** Of each visible byte, its place in the chunk; undefined = the same place. */
  readonly places: Int32Array | undefined;
  /** Where an escape sequence begins that the chunk does not end; the length of the chunk when there is none. */
  readonly end: number;
}

export function visibleText(chunk: Buffer): VisibleText {
  if (!chunk.includes(ESC)) return { bytes: chunk, places: undefined, end: chunk.length };
  const bytes = Buffer.allocUnsafe(chunk.length);
  const places = new Int32Array(chunk.length);
  let length = 0;
  let at = 0;
  while (at < chunk.length) {
    const byte = chunk[at] ?? 0;
    if (byte !== ESC) {
      bytes[length] = byte;
      places[length++] = at++;
      continue;
    }
    const next = sequenceEnd(chunk, at);
    if (next === undefined) break;
    at = next;
  }
  return { bytes: bytes.subarray(0, length), places: places.subarray(0, length), end: at };
}

/** The place after the sequence that begins at `from`; undefined when the chunk ends in it. */
function sequenceEnd(chunk: Buffer, from: number): number | undefined {
  const kind = chunk[from + 1];
  if (kind === undefined) return undefined;
  if (kind === 0x5b) return controlSequenceEnd(chunk, from + 2);
  // ] P X ^ _
  if (kind === 0x5d || kind === 0x50 || kind === 0x58 || kind === 0x5e || kind === 0x5f)
    return stringEnd(chunk, from + 2);
  // intermediate bytes, then a final one: ESC ( B
  let at = from + 1;
  while (at < chunk.length && (chunk[at] ?? 0) >= 0x20 && (chunk[at] ?? 0) <= 0x2f) at++;
  return at < chunk.length ? at + 1 : undefined;
}

function controlSequenceEnd(chunk: Buffer, from: number): number | undefined {
  for (let at = from; at < chunk.length; at++) {
    const byte = chunk[at] ?? 0;
    if (byte >= 0x40 && byte <= 0x7e) return at + 1;
    // anything else does not belong to it: the sequence is broken off and the byte is text
    if (byte < 0x20 || byte > 0x3f || at - from > MAX_SEQUENCE) return at;
  }
  return undefined;
}

function stringEnd(chunk: Buffer, from: number): number | undefined {
  for (let at = from; at < chunk.length; at++) {
    const byte = chunk[at];
    if (byte === BEL) return at + 1;
    if (byte === ESC && at + 1 < chunk.length) return chunk[at + 1] === BACKSLASH ? at + 2 : at;
    if (at - from > MAX_SEQUENCE) return at;
  }
  return undefined;
}
