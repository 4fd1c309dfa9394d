import { ByteReader } from "../bytes/byte-reader.ts";
import { ByteWriter } from "../bytes/byte-writer.ts";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { decodePublicKey, encodePublicKey, readKeyFields, type SshPublicKey, toKeyType } from "./public-key.ts";
import { readString, readText, readUint64, sshString, writeString, writeUint64 } from "./ssh-string.ts";

/**
 * An OpenSSH certificate (PROTOCOL.certkeys):
 *
 *     string type "ssh-ed25519-cert-v01@openssh.com"   string nonce   fields of the key
 *     uint64 serial   uint32 kind (1 user, 2 host)   string key id   string principals
 *     uint64 valid after   uint64 valid before   string critical options   string extensions
 *     string reserved   string signature key   string signature (over all before it)
 */
export interface SshCertificate {
  readonly key: SshPublicKey;
  /** Random, so that nobody can choose what is signed. */
  readonly nonce: Buffer;
  readonly serial: bigint;
  readonly kind: "user" | "host";
  readonly keyId: string;
  /** Empty: for nobody here; OpenSSH would take it for everybody. */
  readonly principals: readonly string[];
  /** Seconds since 1970. */
  readonly validAfter: bigint;
  readonly validBefore: bigint;
  /** Whoever does not know one must refuse the certificate. Sorted by name. */
  readonly criticalOptions: ReadonlyMap<string, string>;
  /** Whoever does not know one ignores it. Sorted by name. */
  readonly extensions: ReadonlyMap<string, string>;
  readonly signatureKey: SshPublicKey;
}

export interface SignedCertificate extends SshCertificate {
  /** All that is signed. */
  readonly signed: Buffer;
  /** The blob: `string algorithm, string signature`. */
  readonly signature: Buffer;
}

export const MAX_CERTIFICATE_BYTES = 16 * 1024;
const MAX_PRINCIPALS = 256;
const MAX_OPTIONS = 64;
const NONCE_BYTES = [16, 64] as const;
const KINDS = { user: 1, host: 2 } as const;
const VERSION =
  /^(ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp(?:256|384|521)|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256))-cert-v01@openssh\.com$/;

/** `ssh-ed25519` is `ssh-ed25519-cert-v01@openssh.com`. */
export function certificateType({ type }: SshPublicKey): string {
  return `${type.replace(/@openssh\.com$/, "")}-cert-v01@openssh.com`;
}

/** All before the signature. */
export function encodeUnsigned(certificate: SshCertificate): Buffer {
  const { key, nonce, serial, kind, keyId, principals, validAfter, validBefore } = certificate;
  const writer = writeString(new ByteWriter(1024), certificateType(key));
  writeString(writer, nonce);
  for (const field of key.fields) writeString(writer, field);
  writeUint64(writer, serial).uint32(KINDS[kind]);
  writeString(writer, keyId);
  writeString(writer, Buffer.concat(principals.map(sshString)));
  writeUint64(writeUint64(writer, validAfter), validBefore);
  writeString(writer, encodeOptions(certificate.criticalOptions));
  writeString(writer, encodeOptions(certificate.extensions));
  writeString(writer, "");
  return writeString(writer, encodePublicKey(certificate.signatureKey)).finish();
}

export function encodeCertificate(unsigned: Buffer, signature: Buffer): Buffer {
  return Buffer.concat([unsigned, sshString(signature)]);
}

/**
 * Reads a certificate; whether it is worth anything `checkCertificate` says.
 * @throws ProtocolError `malformed_message`, `message_too_large`
 */
export function decodeCertificate(blob: Buffer): SignedCertificate {
  if (blob.length > MAX_CERTIFICATE_BYTES) throw new ProtocolError("message_too_large", "a certificate is too long");
  const reader = new ByteReader(blob);
  const [, plain] = VERSION.exec(readString(reader, "certificate type").toString("latin1")) ?? [];
  if (plain === undefined) throw new ProtocolError("malformed_message", "this type of certificate is not taken");
  const nonce = readString(reader, "nonce");
  if (nonce.length < NONCE_BYTES[0] || nonce.length > NONCE_BYTES[1]) throw malformed("nonce");
  const key = readKeyFields(reader, toKeyType(plain.startsWith("sk-") ? `${plain}@openssh.com` : plain));
  const serial = readUint64(reader, "serial");
  const kind = toKind(reader.uint32("kind"));
  const keyId = readText(reader, "key id");
  const principals = readPrincipals(readString(reader, "principals"));
  const validAfter = readUint64(reader, "valid after");
  const validBefore = readUint64(reader, "valid before");
  const criticalOptions = readOptions(readString(reader, "critical options"));
  const extensions = readOptions(readString(reader, "extensions"));
  readString(reader, "reserved");
  const signatureKey = decodePublicKey(readString(reader, "signature key"));
  const signed = blob.subarray(0, reader.offset);
  const signature = readString(reader, "signature");
  reader.expectEnd("certificate");
  const facts = { key, nonce, serial, kind, keyId, principals, validAfter, validBefore, criticalOptions, extensions };
  return { ...facts, signatureKey, signed, signature };
}

function toKind(value: number): SshCertificate["kind"] {
  if (value === KINDS.user) return "user";
  if (value === KINDS.host) return "host";
  throw malformed("kind");
}

function readPrincipals(packed: Buffer): string[] {
  const reader = new ByteReader(packed);
  const principals: string[] = [];
  while (reader.remaining > 0) {
    principals.push(readText(reader, "principal"));
    if (principals.length > MAX_PRINCIPALS) throw malformed("principals");
  }
  return principals;
}

/** Tuples of two strings, by name in ascending order and each at most once; the data is empty, or again a string. */
function readOptions(packed: Buffer): Map<string, string> {
  const reader = new ByteReader(packed);
  const options = new Map<string, string>();
  let before = "";
  while (reader.remaining > 0) {
    const name = readText(reader, "option");
    if (name <= before || options.size >= MAX_OPTIONS) throw malformed("options");
    before = name;
    const data = new ByteReader(readString(reader, "option data"));
    options.set(name, data.remaining === 0 ? "" : readText(data, "option value"));
    data.expectEnd("option");
  }
  return options;
}

function encodeOptions(options: ReadonlyMap<string, string>): Buffer {
  const sorted = [...options].sort(([one], [other]) => (one < other ? -1 : 1));
  return Buffer.concat(
    sorted.flatMap(([name, value]) => [sshString(name), sshString(value === "" ? "" : sshString(value))]),
  );
}

function malformed(field: string): ProtocolError {
  return new ProtocolError("malformed_message", `the ${field} of a certificate cannot be`);
}
