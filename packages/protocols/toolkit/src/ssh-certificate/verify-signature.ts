import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { ByteReader } from "../bytes/byte-reader.ts";
import { ProtocolError } from "../bytes/protocol-error.ts";
import type { SshPublicKey } from "./public-key.ts";
import { readString } from "./ssh-string.ts";

/** Algorithm of a signature by a key of each type, and its hash: no SHA-1 (RFC 8332, RFC 5656, RFC 8709). */
const ALGORITHMS: Readonly<Record<string, Readonly<Record<string, string | null>>>> = {
  "ssh-ed25519": { "ssh-ed25519": null },
  "ssh-rsa": { "rsa-sha2-256": "sha256", "rsa-sha2-512": "sha512" },
  "ecdsa-sha2-nistp256": { "ecdsa-sha2-nistp256": "sha256" },
  "ecdsa-sha2-nistp384": { "ecdsa-sha2-nistp384": "sha384" },
  "ecdsa-sha2-nistp521": { "ecdsa-sha2-nistp521": "sha512" },
};
const SCALAR_BYTES: Readonly<Record<string, number>> = { nistp256: 32, nistp384: 48, nistp521: 66 };
const CURVES: Readonly<Record<string, string>> = { nistp256: "P-256", nistp384: "P-384", nistp521: "P-521" };

/** Whether `signature`, as SSH writes one (`string algorithm, string bytes`), is this key's over `data`. Never throws for what a peer sends. */
export function verifiesSignature(key: SshPublicKey, data: Uint8Array, signature: Buffer): boolean {
  try {
    const reader = new ByteReader(signature);
    const algorithm = readString(reader, "algorithm").toString("latin1");
    const bytes = readString(reader, "signature");
    reader.expectEnd("signature");
    const hash = ALGORITHMS[key.type]?.[algorithm];
    if (hash === undefined) return false;
    const object = keyObject(key);
    if (!key.type.startsWith("ecdsa-")) return verify(hash, data, object, bytes);
    const raw = rawSignature(bytes, SCALAR_BYTES[key.fields[0]?.toString("latin1") ?? ""] ?? 0);
    return verify(hash, data, { key: object, dsaEncoding: "ieee-p1363" }, raw);
  } catch (error) {
    if (error instanceof ProtocolError) return false;
    // node:crypto on a point that is not on its curve, or a modulus that is none
    if (error instanceof Error && "code" in error) return false;
    throw error;
  }
}

function keyObject({ type, fields }: SshPublicKey): KeyObject {
  const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = fields;
  const text = (bytes: Buffer): string => bytes.toString("base64url");
  if (type === "ssh-ed25519")
    return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: text(first) }, format: "jwk" });
  if (type === "ssh-rsa")
    return createPublicKey({ key: { kty: "RSA", e: text(unsigned(first)), n: text(unsigned(second)) }, format: "jwk" });
  const curve = first.toString("latin1");
  const half = SCALAR_BYTES[curve] ?? 0;
  const point = { x: text(second.subarray(1, 1 + half)), y: text(second.subarray(1 + half)) };
  return createPublicKey({ key: { kty: "EC", crv: CURVES[curve] ?? "", ...point }, format: "jwk" });
}

/** Two mpints (RFC 5656, 3.1.2) as two numbers of fixed length. */
function rawSignature(bytes: Buffer, length: number): Buffer {
  const reader = new ByteReader(bytes);
  const parts = ["r", "s"].map((name) => unsigned(readString(reader, name)));
  reader.expectEnd("signature");
  return Buffer.concat(
    parts.map((part) => {
      if (part.length > length) throw new ProtocolError("malformed_message", "a number of the signature is too long");
      return Buffer.concat([Buffer.alloc(length - part.length), part]);
    }),
  );
}

function unsigned(mpint: Buffer): Buffer {
  let start = 0;
  while (start < mpint.length - 1 && mpint[start] === 0) start++;
  return mpint.subarray(start);
}
