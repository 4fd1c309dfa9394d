import { createHash } from "node:crypto";
import { ByteReader } from "../bytes/byte-reader.ts";
import { ByteWriter } from "../bytes/byte-writer.ts";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { decodePublicKey } from "./public-key.ts";
import { readString, writeString } from "./ssh-string.ts";
import { verifiesSignature } from "./verify-signature.ts";

/** Of an RSA key with 8192 bits, armoured. */
export const MAX_SIGNATURE_TEXT = 8192;
const MAGIC = "SSHSIG";
const VERSION = 1;
const HASHES: ReadonlySet<string> = new Set(["sha256", "sha512"]);
const ARMOUR = /^-----BEGIN SSH SIGNATURE-----\s+([A-Za-z0-9+/=\s]+?)\s+-----END SSH SIGNATURE-----\s*$/;

/**
 * What `ssh-keygen -Y sign -n NAMESPACE` made of a message (OpenSSH, PROTOCOL.sshsig):
 *
 *     byte[6] "SSHSIG"   uint32 version   string public key   string namespace   string reserved
 *     string hash algorithm   string signature, over:
 *     byte[6] "SSHSIG"   string namespace   string reserved   string hash algorithm   string H(message)
 *
 * Returns the blob of the key that signed; undefined for anything that is not such a signature. Never throws.
 */
export function signerOf(
  text: string,
  expected: { readonly message: string; readonly namespace: string },
): Buffer | undefined {
  if (text.length > MAX_SIGNATURE_TEXT) return undefined;
  const [, base64 = ""] = ARMOUR.exec(text) ?? [];
  try {
    const reader = new ByteReader(Buffer.from(base64, "base64"));
    if (reader.bytes(MAGIC.length, "magic").toString("latin1") !== MAGIC) return undefined;
    if (reader.uint32("version") !== VERSION) return undefined;
    const key = readString(reader, "public key");
    const namespace = readString(reader, "namespace").toString();
    const reserved = readString(reader, "reserved");
    const hash = readString(reader, "hash algorithm").toString("latin1");
    const signature = readString(reader, "signature");
    reader.expectEnd("signature");
    if (namespace !== expected.namespace || !HASHES.has(hash)) return undefined;
    const signed = new ByteWriter(256);
    writeString(writeString(writeString(signed, namespace), reserved), hash);
    writeString(signed, createHash(hash).update(expected.message).digest());
    const data = Buffer.concat([Buffer.from(MAGIC), signed.finish()]);
    return verifiesSignature(decodePublicKey(key), data, signature) ? key : undefined;
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}
