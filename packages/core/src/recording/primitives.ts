/**
 * What the segment format needs of a platform. The core imports nothing of node, so programs hand their modules in:
 * `segmentPrimitives(await import("node:crypto"), await import("node:zlib"))`, once, at start.
 */
export interface SegmentPrimitives {
  createSha256(): Sha256;
  hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array;
  /** AES-256-GCM under one key of 32 bytes, 12-byte nonces and 16-byte tags. */
  aes256Gcm(key: Uint8Array): Aead;
  /** zstd, level 1. */
  compress(bytes: Uint8Array): Uint8Array;
  /** Undefined when the bytes are not zstd, or would unfold to more than `limit` bytes. */
  decompress(bytes: Uint8Array, limit: number): Uint8Array | undefined;
  /** CRC-32 as in zlib. */
  crc32(bytes: Uint8Array): number;
  randomBytes(length: number): Uint8Array;
}

export interface Sha256 {
  update(bytes: Uint8Array): void;
  digest(): Uint8Array;
}

export interface Aead {
  seal(nonce: Uint8Array, associated: Uint8Array, plain: Uint8Array): { ciphertext: Uint8Array; tag: Uint8Array };
  /** Undefined when key, nonce, associated data, ciphertext or tag are not the sealed ones. */
  open(nonce: Uint8Array, associated: Uint8Array, ciphertext: Uint8Array, tag: Uint8Array): Uint8Array | undefined;
}

/** The part of `node:crypto` that is used. */
export interface CryptoModule<Key> {
  createHash(algorithm: "sha256"): NodeHash;
  createHmac(algorithm: "sha256", key: Uint8Array): NodeHash;
  createSecretKey(key: Uint8Array): Key;
  createCipheriv(name: "aes-256-gcm", key: Key, nonce: Uint8Array, options: { authTagLength: number }): NodeCipher;
  createDecipheriv(name: "aes-256-gcm", key: Key, nonce: Uint8Array, options: { authTagLength: number }): NodeDecipher;
  randomBytes(length: number): Uint8Array;
}

/** The part of `node:zlib` that is used. */
export interface ZlibModule {
  readonly constants: { readonly ZSTD_c_compressionLevel: number };
  zstdCompressSync(bytes: Uint8Array, options: { params: Record<number, number> }): Uint8Array;
  zstdDecompressSync(bytes: Uint8Array, options: { maxOutputLength: number }): Uint8Array;
  crc32(bytes: Uint8Array): number;
}

interface NodeHash {
  update(bytes: Uint8Array): unknown;
  digest(): Uint8Array;
}

interface NodeCipher {
  setAAD(bytes: Uint8Array): unknown;
  update(bytes: Uint8Array): Uint8Array;
  final(): Uint8Array;
  getAuthTag(): Uint8Array;
}

interface NodeDecipher {
  setAAD(bytes: Uint8Array): unknown;
  setAuthTag(tag: Uint8Array): unknown;
  update(bytes: Uint8Array): Uint8Array;
  final(): Uint8Array;
}

const TAG = { authTagLength: 16 };

export function segmentPrimitives<Key>(crypto: CryptoModule<Key>, zlib: ZlibModule): SegmentPrimitives {
  const level = { params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 } };
  return {
    createSha256() {
      const hash = crypto.createHash("sha256");
      return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() };
    },
    hmacSha256(key, bytes) {
      const hmac = crypto.createHmac("sha256", key);
      hmac.update(bytes);
      return hmac.digest();
    },
    // A key object made once: node takes 15 us per cipher for raw key bytes, 4 us for a key object.
    aes256Gcm: (key) => gcm(crypto, crypto.createSecretKey(key)),
    compress: (bytes) => zlib.zstdCompressSync(bytes, level),
    decompress(bytes, limit) {
      try {
        return zlib.zstdDecompressSync(bytes, { maxOutputLength: limit });
      } catch {
        return undefined;
      }
    },
    crc32: (bytes) => zlib.crc32(bytes),
    randomBytes: (length) => crypto.randomBytes(length),
  };
}

function gcm<Key>(crypto: CryptoModule<Key>, key: Key): Aead {
  return {
    seal(nonce, associated, plain) {
      const cipher = crypto.createCipheriv("aes-256-gcm", key, nonce, TAG);
      cipher.setAAD(associated);
      const ciphertext = cipher.update(plain);
      cipher.final();
      return { ciphertext, tag: cipher.getAuthTag() };
    },
    open(nonce, associated, ciphertext, tag) {
      const decipher = crypto.createDecipheriv("aes-256-gcm", key, nonce, TAG);
      decipher.setAAD(associated);
      decipher.setAuthTag(tag);
      const plain = decipher.update(ciphertext);
      try {
        decipher.final();
        return plain;
      } catch {
        return undefined;
      }
    },
  };
}
