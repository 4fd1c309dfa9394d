import { createHash } from "node:crypto";
import { ByteReader } from "@tidewaiter/toolkit/bytes/byte-reader";
import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";

const SEQUENCE = 0x30;
const OBJECT_IDENTIFIER = 0x06;
const CONTEXT_0 = 0xa0;

/** Signature and hash algorithms by the DER of their object identifier, in hex. */
const HASH_BY_OID: Readonly<Record<string, string>> = {
  "2a864886f70d010104": "sha256", // md5WithRSA: RFC 5929 wants SHA-256 for MD5 and SHA-1
  "2a864886f70d010105": "sha256", // sha1WithRSA
  "2a864886f70d01010b": "sha256", // sha256WithRSA
  "2a864886f70d01010c": "sha384", // sha384WithRSA
  "2a864886f70d01010d": "sha512", // sha512WithRSA
  "2a864886f70d01010e": "sha224", // sha224WithRSA
  "2a8648ce3d0401": "sha256", // ecdsa-with-SHA1
  "2a8648ce3d040301": "sha224", // ecdsa-with-SHA224
  "2a8648ce3d040302": "sha256", // ecdsa-with-SHA256
  "2a8648ce3d040303": "sha384", // ecdsa-with-SHA384
  "2a8648ce3d040304": "sha512", // ecdsa-with-SHA512
  "2b0e03021a": "sha256", // SHA-1 as the hash of RSASSA-PSS
  "608648016503040201": "sha256",
  "608648016503040202": "sha384",
  "608648016503040203": "sha512",
  "608648016503040204": "sha224",
};
const RSASSA_PSS = "2a864886f70d01010a";

/**
 * Channel binding data `tls-server-end-point` (RFC 5929, section 4.1): the hash of the server's certificate, by the hash
 * function of its signature. Undefined where the RFC defines none (Ed25519): then SCRAM-SHA-256-PLUS cannot be used.
 *
 * @param certificate the server's own certificate, DER
 */
export function tlsServerEndPoint(certificate: Buffer): Buffer | undefined {
  const algorithm = signatureHash(certificate);
  return algorithm === undefined ? undefined : createHash(algorithm).update(certificate).digest();
}

/** Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { OID, parameters }, signature } */
function signatureHash(certificate: Buffer): string | undefined {
  try {
    const outer = element(new ByteReader(certificate), SEQUENCE);
    element(outer, SEQUENCE);
    const algorithm = element(outer, SEQUENCE);
    const oid = element(algorithm, OBJECT_IDENTIFIER).rest().toString("hex");
    return oid === RSASSA_PSS ? pssHash(algorithm) : HASH_BY_OID[oid];
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

/** RSASSA-PSS-params ::= SEQUENCE { [0] hashAlgorithm SEQUENCE { OID } DEFAULT sha1, ... } */
function pssHash(algorithm: ByteReader): string | undefined {
  const parameters = element(algorithm, SEQUENCE);
  if (parameters.remaining === 0 || parameters.buffer[parameters.offset] !== CONTEXT_0) return "sha256";
  const hash = element(element(parameters, CONTEXT_0), SEQUENCE);
  return HASH_BY_OID[element(hash, OBJECT_IDENTIFIER).rest().toString("hex")];
}

/** One DER element of the expected tag, as a reader over its content. */
function element(reader: ByteReader, tag: number): ByteReader {
  if (reader.uint8("tag") !== tag) throw new ProtocolError("malformed_message", "unexpected DER tag");
  let length = reader.uint8("length");
  if (length > 0x80) {
    const bytes = length - 0x80;
    if (bytes > 4) throw new ProtocolError("malformed_message", "DER length is too long");
    length = reader.bytes(bytes, "length").readUIntBE(0, bytes);
  }
  return new ByteReader(reader.bytes(length, "content"));
}
