import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";
import { HEADER_BYTES } from "../messages.ts";

/** What is held of one message until its length is known, at most. */
export const MAX_HELD_BYTES = 4 * 1024 * 1024;
const ROOM = 16 * 1024;

/**
 * A message that is written while the one it is made from still arrives. Its length stands before everything else, so what is
 * written is held until the rest is known to be so many bytes; from then on it passes. When too much would have to be held, a
 * message that may be `split` (CopyData, whose borders mean nothing) goes on as several, and any other is `tooLong`.
 */
export class HeldMessage {
  readonly #type: number;
  readonly #split: boolean;
  #out: Buffer[] = [];
  #held: Buffer | undefined;
  #heldBytes = HEADER_BYTES;
  #mode: "holding" | "passing" | "splitting" | "too_long" = "holding";
  /** While passing: what was promised and did not come yet. */
  #promised = 0;

  constructor(type: number, split: boolean) {
    this.#type = type;
    this.#split = split;
  }

  get tooLong(): boolean {
    return this.#mode === "too_long";
  }

  /** Held bytes are copied, since a view would keep its whole chunk. */
  write(bytes: Buffer): void {
    if (bytes.length === 0) return;
    switch (this.#mode) {
      case "holding":
        return this.#hold(bytes);
      case "passing":
        this.#promised -= bytes.length;
        this.#out.push(bytes);
        return;
      case "splitting":
        this.#out.push(this.#header(bytes.length), bytes);
        return;
    }
  }

  /** Exactly `rest` more bytes will be written. */
  settle(rest: number): void {
    if (this.#mode !== "holding") return;
    const length = this.#heldBytes + rest;
    this.#out.push(this.#header(length - HEADER_BYTES));
    if (this.#held !== undefined) this.#out.push(this.#held.subarray(HEADER_BYTES, this.#heldBytes));
    this.#held = undefined;
    this.#promised = rest;
    this.#mode = "passing";
  }

  /** Bytes that are ready, in order; they are whole messages only once everything was written. */
  take(): readonly Buffer[] {
    const out = this.#out;
    this.#out = [];
    return out;
  }

  /** @throws ProtocolError when less, or more, came than `settle` was told: the reader of the bytes would lose its place */
  finish(): void {
    this.settle(0);
    if (this.#mode === "passing" && this.#promised !== 0)
      throw new ProtocolError("malformed_message", "a masked message is not as long as it says");
  }

  #hold(bytes: Buffer): void {
    const end = this.#heldBytes + bytes.length;
    if (end > MAX_HELD_BYTES) return this.#giveUp(bytes);
    if (this.#held === undefined || end > this.#held.length) {
      const larger = Buffer.allocUnsafe(Math.max(ROOM, 2 * end));
      this.#held?.copy(larger, 0, 0, this.#heldBytes);
      this.#held = larger;
    }
    bytes.copy(this.#held, this.#heldBytes);
    this.#heldBytes = end;
  }

  #giveUp(bytes: Buffer): void {
    const held = this.#held?.subarray(HEADER_BYTES, this.#heldBytes);
    this.#held = undefined;
    this.#mode = this.#split ? "splitting" : "too_long";
    if (held !== undefined) this.write(held);
    this.write(bytes);
  }

  #header(bodyBytes: number): Buffer {
    const header = Buffer.allocUnsafe(HEADER_BYTES);
    header[0] = this.#type;
    header.writeInt32BE(4 + bodyBytes, 1);
    return header;
  }
}
