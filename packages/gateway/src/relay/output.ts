import type { Duplex } from "node:stream";

/** Parts smaller than this together are joined into one write: one system call, and no vector of tiny buffers. */
const JOIN_BYTES = 16 * 1024;

/** Bytes on their way to one side: gathered during a turn, written once at its end. */
export class Output {
  readonly #stream: Duplex;
  #parts: Uint8Array[] = [];
  #bytes = 0;
  #full = false;

  constructor(stream: Duplex, onDrain: () => void) {
    this.#stream = stream;
    stream.on("drain", () => {
      this.#full = false;
      onDrain();
    });
  }

  /** The stream has more than it wants; it will say when it is ready again. */
  get full(): boolean {
    return this.#full && !this.#stream.destroyed;
  }

  push(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#bytes += bytes.length;
  }

  drop(): void {
    this.#parts = [];
    this.#bytes = 0;
  }

  flush(): void {
    const parts = this.#parts;
    if (parts.length === 0) return;
    const bytes = this.#bytes;
    this.#parts = [];
    this.#bytes = 0;
    if (this.#stream.destroyed || this.#stream.writableEnded) return;
    const first = parts[0];
    if (parts.length === 1 && first !== undefined) {
      this.#full = !this.#stream.write(first);
    } else if (bytes <= JOIN_BYTES) {
      this.#full = !this.#stream.write(Buffer.concat(parts, bytes));
    } else {
      this.#stream.cork();
      let accepted = true;
      for (const part of parts) accepted = this.#stream.write(part);
      this.#stream.uncork();
      this.#full = !accepted;
    }
  }
}
