import { byteAt, isAlphanumeric, isDigit } from "./byte-classes.ts";

const COLON = 0x3a;
const DOT = 0x2e;
/** `ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255` */
const LONGEST = 45;
const GROUPS = 8;
const HEX = /^[0-9a-fA-F]{1,4}$/;
const DECIMAL = /^(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/;

/**
 * Where the IPv6 address at `from` ends, or -1. Eight groups, or `::` in place of some in a range that is in use: global
 * (2000::/3), unique local (fc00::/7), link-local (fe80::/10), multicast (ff00::/8) and mapped (::ffff:0:0/96, 64:ff9b::/96).
 * `abc::def` of a program's text is none of them.
 */
export function ipv6End(buffer: Uint8Array, from: number, end: number): number {
  let to = from;
  let colons = 0;
  while (to < end && isAddressByte(buffer[to] as number)) {
    if (buffer[to] === COLON) colons++;
    if (++to - from > LONGEST) return -1;
  }
  if (colons < 2 || isAlphanumeric(byteAt(buffer, to, from, end))) return -1;
  while (to > from && (buffer[to - 1] === DOT || (buffer[to - 1] === COLON && buffer[to - 2] !== COLON))) to--;
  return isAddress(String.fromCharCode(...buffer.subarray(from, to))) ? to : -1;
}

function isAddressByte(byte: number): boolean {
  const lower = byte | 0x20;
  return isDigit(byte) || (lower >= 0x61 && lower <= 0x66) || byte === COLON || byte === DOT;
}

function isAddress(text: string): boolean {
  const [left = "", right, ...more] = text.split("::");
  if (more.length > 0) return false;
  const head = groupsOf(left, right === undefined);
  const tail = right === undefined ? 0 : groupsOf(right, true);
  if (head === -1 || tail === -1) return false;
  if (right === undefined) return head === GROUPS;
  return head + tail < GROUPS && head + tail > 0 && isInUse(text.toLowerCase());
}

/** Groups of 16 bits that a side of `::` writes; -1 = none. An IPv4 address at the end counts as two. */
function groupsOf(side: string, last: boolean): number {
  if (side === "") return 0;
  const parts = side.split(":");
  let count = 0;
  for (const [index, part] of parts.entries()) {
    if (HEX.test(part)) count++;
    else if (last && index === parts.length - 1 && isIpv4(part)) count += 2;
    else return -1;
  }
  return count;
}

function isIpv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => DECIMAL.test(part));
}

function isInUse(text: string): boolean {
  return /^(?:[23][0-9a-f]{3}:|f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:|ff[0-9a-f]{2}:|::ffff:|64:ff9b:)/.test(text);
}
