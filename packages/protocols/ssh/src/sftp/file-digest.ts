import { createHash } from "node:crypto";

/** Bytes that came before those in front of them; OpenSSH keeps 64 requests of 32 KiB on their way. */
const MAX_AHEAD = 8 * 1024 * 1024;

/** Size and SHA-256 of a file as its pieces go by, as long as they come from its start and almost in order. */
export class FileDigest {
  #hash = createHash("sha256");
  #next = 0;
  #ahead = new Map<number, Buffer>();
  #aheadBytes = 0;
  #ordered = true;
  bytes = 0;

  add(offset: number, data: Buffer): void {
    this.bytes += data.length;
    if (!this.#ordered) return;
    if (offset === this.#next) {
      this.#take(data);
      for (let held = this.#ahead.get(this.#next); held !== undefined; held = this.#ahead.get(this.#next)) {
        this.#ahead.delete(this.#next);
        this.#aheadBytes -= held.length;
        this.#take(held);
      }
    } else if (offset < this.#next || this.#ahead.has(offset) || this.#aheadBytes + data.length > MAX_AHEAD) {
      this.#ordered = false;
      this.#ahead.clear();
    } else {
      this.#ahead.set(offset, Buffer.from(data));
      this.#aheadBytes += data.length;
    }
  }

  /** Hexadecimal; undefined where pieces were left out or written twice. */
  sha256(): string | undefined {
    return this.#ordered && this.#ahead.size === 0 ? this.#hash.digest("hex") : undefined;
  }

  #take(data: Buffer): void {
    this.#hash.update(data);
    this.#next += data.length;
  }
}
