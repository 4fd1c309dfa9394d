import type { Cipheriv } from "node:crypto";
import { createCipheriv } from "node:crypto";

/** Luby and Rackoff need four; NIST SP 800-38G uses ten for domains as small as these. */
const ROUNDS = 10;
const BLOCK = 16;

const INT4_MIN = -(2n ** 31n);
const INT4_MAX = 2n ** 31n - 1n;
const INT8_MIN = -(2n ** 63n);
const INT8_MAX = 2n ** 63n - 1n;

export function fitsInt4(value: bigint): boolean {
  return value >= INT4_MIN && value <= INT4_MAX;
}

export function fitsInt8(value: bigint): boolean {
  return value >= INT8_MIN && value <= INT8_MAX;
}

/**
 * A keyed permutation of the integers that PostgreSQL stores: an `integer` becomes another `integer`, any other `bigint`
 * another of those. So two values never share a token, and a join of an integer with a bigint column still finds its rows.
 * A balanced Feistel network with AES-256 as its round function.
 */
export class IntegerPermutation {
  readonly #cipher: Cipheriv;
  readonly #block = Buffer.alloc(BLOCK);

  /** @param key 32 bytes */
  constructor(key: Buffer) {
    // single blocks and no state between them: the block cipher itself
    this.#cipher = createCipheriv("aes-256-ecb", key, null).setAutoPadding(false);
  }

  /** Undefined outside of bigint. */
  of(value: bigint): bigint | undefined {
    if (fitsInt4(value)) return BigInt.asIntN(32, this.#permute(BigInt.asUintN(32, value), 32));
    if (!fitsInt8(value)) return undefined;
    let permuted = value;
    // walks on along the cycle until it is outside of integer again, where it began; practically never twice
    do permuted = BigInt.asIntN(64, this.#permute(BigInt.asUintN(64, permuted), 64));
    while (fitsInt4(permuted));
    return permuted;
  }

  #permute(value: bigint, bits: 32 | 64): bigint {
    const half = bits / 2;
    const mask = 2 ** half - 1;
    let left = Number(value >> BigInt(half));
    let right = Number(value & BigInt(mask));
    for (let round = 0; round < ROUNDS; round++) {
      const mixed = (this.#round(round, bits, right) & mask) >>> 0;
      [left, right] = [right, (left ^ mixed) >>> 0];
    }
    return (BigInt(left) << BigInt(half)) | BigInt(right);
  }

  #round(round: number, bits: number, half: number): number {
    this.#block[0] = round;
    this.#block[1] = bits;
    this.#block.writeUInt32BE(half, BLOCK - 4);
    return this.#cipher.update(this.#block).readUInt32BE(0);
  }
}
