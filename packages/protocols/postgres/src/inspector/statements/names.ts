/** Called once, when the server has run the message (true) or refused or skipped it (false). */
export type Settle = (done: boolean) => void;

/**
 * The server keeps this much of a name (NAMEDATALEN less one): two names that begin alike are one to it, and Close of
 * the one ends the other. In bytes; longer names that are not ASCII are refused before they come here.
 */
const KEPT_LENGTH = 63;

interface Entry<T> {
  readonly value: T;
  readonly batch: number | undefined;
}

/**
 * Names that live in the server (prepared statements, portals, cursors) and everything each may stand for by now.
 *
 * Messages are judged when they are sent, and the server answers later, or skips them after an error. So a name is never
 * simply replaced: until the server has confirmed it stands for the new thing *and* for what it was before. Only a message
 * of the same batch is sure of its predecessor, since the server skips both or neither.
 */
export class Names<T> {
  readonly #entries = new Map<string, Entry<T>[]>();

  /** How many names are in use. */
  get size(): number {
    return this.#entries.size;
  }

  /** `batch`: number of the run of messages up to a Sync in which it is defined; undefined when that means nothing. */
  define(given: string, value: T, batch?: number): Settle {
    const name = kept(given);
    const entry: Entry<T> = { value, batch };
    this.#entries.set(name, [...(this.#entries.get(name) ?? []), entry]);
    return once((done) => {
      const entries = this.#entries.get(name) ?? [];
      const at = entries.indexOf(entry);
      if (at >= 0) this.#put(name, done ? entries.slice(at) : entries.toSpliced(at, 1));
    });
  }

  remove(given: string): Settle {
    const name = kept(given);
    const present = this.#entries.get(name) ?? [];
    return once((done) => {
      const entries = this.#entries.get(name);
      if (done && entries !== undefined)
        this.#put(
          name,
          entries.filter((entry) => !present.includes(entry)),
        );
    });
  }

  removeAll(): Settle {
    const settles = [...this.#entries.keys()].map((name) => this.remove(name));
    return once((done) => {
      for (const settle of settles) settle(done);
    });
  }

  /** Everything the name may stand for when a message of `batch` runs; empty = nothing that passed here. */
  of(name: string, batch?: number): readonly T[] {
    const entries = this.#entries.get(kept(name)) ?? [];
    const last = entries.at(-1);
    if (last !== undefined && batch !== undefined && last.batch === batch) return [last.value];
    return entries.map((entry) => entry.value);
  }

  /** From here on every name stands for something unknown. */
  clear(): void {
    this.#entries.clear();
  }

  #put(name: string, entries: Entry<T>[]): void {
    if (entries.length === 0) this.#entries.delete(name);
    else this.#entries.set(name, entries);
  }
}

/**
 * Is a name one to the server exactly when it is one here? The server converts it from the client's encoding before it
 * cuts it, so beyond ASCII only a short one in UTF-8 is beyond doubt; bytes that are no UTF-8 were decoded as U+FFFD.
 */
export function isCertainName(name: string, utf8: boolean): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII
  if (/^[\x00-\x7f]*$/.test(name)) return true;
  return utf8 && Buffer.byteLength(name) <= KEPT_LENGTH && !name.includes("\ufffd");
}

function kept(name: string): string {
  return name.slice(0, KEPT_LENGTH);
}

function once(settle: Settle): Settle {
  let settled = false;
  return (done) => {
    if (settled) return;
    settled = true;
    settle(done);
  };
}
