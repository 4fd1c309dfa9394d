import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { ByteReader } from "../bytes/byte-reader.ts";
import { ByteWriter } from "../bytes/byte-writer.ts";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { readString, writeString } from "./ssh-string.ts";

/**
 * Kinds of keys that may be certified, and the names of their fields in a public key and, behind the nonce, in a
 * certificate (RFC 8332, RFC 5656, RFC 8709, OpenSSH PROTOCOL.u2f). No DSA, and RSA from 2048 bits on.
 */
const FIELDS = {
  "ssh-ed25519": ["pk"],
  "ecdsa-sha2-nistp256": ["curve", "public_key"],
  "ecdsa-sha2-nistp384": ["curve", "public_key"],
  "ecdsa-sha2-nistp521": ["curve", "public_key"],
  "ssh-rsa": ["e", "n"],
  "sk-ssh-ed25519@openssh.com": ["pk", "application"],
  "sk-ecdsa-sha2-nistp256@openssh.com": ["curve", "public_key", "application"],
} as const;

export type SshKeyType = keyof typeof FIELDS;

export interface SshPublicKey {
  readonly type: SshKeyType;
  /** In the order of the format, each without its length. */
  readonly fields: readonly Buffer[];
}

const MAX_KEY_BYTES = 4096;
const ED25519_BYTES = 32;
const POINT_BYTES: Readonly<Record<string, number>> = { nistp256: 65, nistp384: 97, nistp521: 133 };
const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 8192;

/** @throws ProtocolError when it is none of those, or not well formed */
export function decodePublicKey(blob: Buffer): SshPublicKey {
  if (blob.length > MAX_KEY_BYTES) throw new ProtocolError("message_too_large", "a public key is too long");
  const reader = new ByteReader(blob);
  const type = toKeyType(readString(reader, "key type").toString("latin1"));
  const key = readKeyFields(reader, type);
  reader.expectEnd("public key");
  return key;
}

export function encodePublicKey({ type, fields }: SshPublicKey): Buffer {
  const writer = writeString(new ByteWriter(), type);
  for (const field of fields) writeString(writer, field);
  return writer.finish();
}

/** `ssh-ed25519 AAAA... comment`: a line of authorized_keys without options, or of a .pub file. */
export function parsePublicKeyLine(line: string): SshPublicKey {
  const [type = "", base64 = ""] = line.trim().split(/[ \t]+/);
  if (line.length > 2 * MAX_KEY_BYTES || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) {
    throw new ProtocolError("malformed_message", "not a line with a public key");
  }
  const key = decodePublicKey(Buffer.from(base64, "base64"));
  if (key.type !== type) throw new ProtocolError("malformed_message", "the line names another type than its key has");
  return key;
}

export function formatPublicKeyLine(key: SshPublicKey, comment = ""): string {
  return `${key.type} ${encodePublicKey(key).toString("base64")}${comment === "" ? "" : ` ${comment}`}`;
}

/** `SHA256:...` as ssh-keygen -l prints it. */
export function fingerprintOf(blob: Uint8Array): string {
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

export function ed25519PublicKey(key: KeyObject): SshPublicKey {
  const { crv, x } = key.export({ format: "jwk" });
  if (crv !== "Ed25519" || x === undefined) throw new RangeError("not an Ed25519 key");
  return { type: "ssh-ed25519", fields: [Buffer.from(x, "base64url")] };
}

export function toKeyObject({ type, fields }: SshPublicKey): KeyObject {
  if (type !== "ssh-ed25519") throw new RangeError("only Ed25519 keys sign certificates");
  const x = fields[0]?.toString("base64url") ?? "";
  return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
}

export function toKeyType(name: string): SshKeyType {
  if (Object.hasOwn(FIELDS, name)) return name as SshKeyType;
  throw new ProtocolError("malformed_message", "this type of key is not taken");
}

/** The fields of a key, where the format has them. */
export function readKeyFields(reader: ByteReader, type: SshKeyType): SshPublicKey {
  const fields = FIELDS[type].map((name) => readString(reader, name));
  check(type, fields);
  return { type, fields };
}

function check(type: SshKeyType, fields: readonly Buffer[]): void {
  const [first, second] = fields;
  if (first === undefined) throw weak();
  if (type === "ssh-ed25519" || type === "sk-ssh-ed25519@openssh.com") {
    if (first.length !== ED25519_BYTES) throw weak();
  } else if (type === "ssh-rsa") {
    const bits = second === undefined ? 0 : bitLength(second);
    if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS || bitLength(first) < 2) throw weak();
  } else {
    const curve = first.toString("latin1");
    // 4 = an uncompressed point (SEC 1, 2.3.3)
    if (!type.includes(`-${curve}`) || second?.length !== POINT_BYTES[curve] || second?.[0] !== 4) throw weak();
  }
}

/** Of an mpint; a negative one counts as none. */
function bitLength(mpint: Buffer): number {
  const first = mpint[0] ?? 0x80;
  if (first >= 0x80) return 0;
  const start = first === 0 ? 1 : 0;
  const top = mpint[start] ?? 0;
  return (mpint.length - start) * 8 - Math.clz32(top) + 24;
}

function weak(): ProtocolError {
  return new ProtocolError("malformed_message", "the key is not well formed, or too weak");
}
