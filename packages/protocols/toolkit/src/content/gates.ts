/** A text that stands in every finding of one detector, and the byte of it that is looked for first. */
export interface Gate {
  readonly bit: number;
  readonly text: Uint8Array;
  /** Byte value to stop at, which is `text[offset]`; -1 when none is rare enough, and then the gate is always open. */
  readonly trigger: number;
  readonly offset: number;
}

/** Gates by the class of their trigger. */
export type GateLists = readonly (readonly Gate[])[];

/** Classes below mean something else in the table of triggers. */
export const FIRST_LIST = 8;

/** From frequent to rare in text, JSON and hexadecimal digests; what is not named is rarer. */
const FREQUENT = "etaoinshrdlucmfwypvbgk,_/=CSTADEPMRIBLNFOHWGUVKYXQZJjqxz";

/**
 * Digits, and what may stand between two of them, are walked over in runs, and `+` and `:` have classes of their own: no gate
 * stops at them. Bytes beyond ASCII may belong to a separator.
 */
const UNUSABLE = new Set([..."0123456789 -.+:"].map((character) => character.charCodeAt(0)));

export function gateOf(literal: string, bit: number): Gate {
  const text = new TextEncoder().encode(literal);
  let offset = -1;
  for (const [index, byte] of text.entries())
    if (byte < 0x80 && !UNUSABLE.has(byte) && (offset === -1 || rarity(byte) > rarity(text[offset] as number)))
      offset = index;
  return { bit, text, trigger: offset === -1 ? -1 : (text[offset] as number), offset };
}

function rarity(byte: number): number {
  const place = FREQUENT.indexOf(String.fromCharCode(byte));
  return place === -1 ? FREQUENT.length : place;
}

/** Bits of the gates whose text stands around their trigger at `at`. */
export function matches(gates: readonly Gate[], buffer: Uint8Array, at: number, start: number, end: number): number {
  let bits = 0;
  for (let index = 0; index < gates.length; index++) {
    const gate = gates[index] as Gate;
    const from = at - gate.offset;
    if (from >= start && from + gate.text.length <= end && hasText(buffer, from, gate.text)) bits |= gate.bit;
  }
  return bits;
}

function hasText(buffer: Uint8Array, from: number, text: Uint8Array): boolean {
  for (let index = 0; index < text.length; index++) if (buffer[from + index] !== text[index]) return false;
  return true;
}
