import { createHmac } from "node:crypto";
import type { Decimal } from "./decimal.ts";
import { formatDecimal, reduced } from "./decimal.ts";
import { IntegerPermutation } from "./permute-integer.ts";

const TOKEN_BYTES = 16;
/** Tokens of numbers that no bigint holds begin here, beyond every bigint. */
const BEYOND_BIGINT = 2n ** 64n;
/** RFC 9562: version 8 is for vendors, and the variant's two bits are 10. */
const UUID_VERSION = 0x80;
const UUID_VARIANT = 0x80;

/**
 * Keyed tokens of one label: the same value has the same token in every table, column, type of its family (text; whole and
 * decimal numbers; uuid) and wire format that carries the label, so joins by token still work. Without the key nothing
 * can be said about a value but whether it is another's equal.
 */
export class KeyedTokens {
  readonly #key: Buffer;
  readonly #label: string;
  #integers: IntegerPermutation | undefined;

  constructor(key: Buffer, label: string) {
    this.#key = key;
    this.#label = label;
  }

  /** `tw_` and 22 letters. Equal for `char(n)` and text, since blanks at the end of the former are no part of its value. */
  text(value: Buffer | string): string {
    return `tw_${this.#mac("text", value).subarray(0, TOKEN_BYTES).toString("base64url")}`;
  }

  /** 16 bytes */
  uuid(value: Buffer): Buffer {
    const token = Buffer.from(this.#mac("uuid", value).subarray(0, TOKEN_BYTES));
    token[6] = UUID_VERSION | ((token[6] ?? 0) & 0x0f);
    token[8] = UUID_VARIANT | ((token[8] ?? 0) & 0x3f);
    return token;
  }

  /** A whole number: 42, 42.00 and 4.2e1 have one token, an integer when the value is one. */
  number(value: Decimal): bigint {
    const plain = reduced(value);
    this.#integers ??= new IntegerPermutation(this.#mac("integer", ""));
    const token = plain.scale === 0 ? this.#integers.of(plain.coefficient) : undefined;
    if (token !== undefined) return token;
    const mac = this.#mac("numeric", formatDecimal(plain)).subarray(0, TOKEN_BYTES);
    return BEYOND_BIGINT + BigInt(`0x${mac.toString("hex")}`);
  }

  /** The family comes first: no value of one, whatever it holds, has the MAC of another, nor the key of the permutation. */
  #mac(family: "text" | "uuid" | "integer" | "numeric", value: Buffer | string): Buffer {
    return createHmac("sha256", this.#key).update(`${this.#label}\0${family}\0`).update(value).digest();
  }
}
