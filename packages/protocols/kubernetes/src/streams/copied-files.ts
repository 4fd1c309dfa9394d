import type { LiveSession } from "@tidewaiter/core";
import type { Archive } from "./archive.ts";
import { TarReader } from "./tar-reader.ts";

/** Of one command: beyond that they are counted. */
const MAX_FILES = 10_000;

/** Records the files of an archive by name, size and SHA-256 as it goes by. */
export class CopiedFiles {
  readonly #session: Pick<LiveSession, "record">;
  readonly #operation: number;
  readonly #reader: TarReader;
  #files = 0;
  #bytes = 0;

  constructor(session: Pick<LiveSession, "record">, operation: number, { direction, folder }: Archive) {
    this.#session = session;
    this.#operation = operation;
    const base = folder === "" ? "" : `${folder.replace(/\/+$/, "")}/`;
    this.#reader = new TarReader(({ path, bytes, sha256 }) => {
      if (++this.#files > MAX_FILES) return;
      const sum = sha256 === undefined ? {} : { sha256 };
      const named = direction === "upload" ? base + path : path;
      session.record({ at: Date.now(), type: "file", operation, path: named, direction, via: "tar", bytes, ...sum });
    });
  }

  push(chunk: Buffer): void {
    this.#bytes += chunk.length;
    this.#reader.push(chunk);
  }

  /** What could not be told file by file. */
  end(): void {
    const operation = this.#operation;
    const more = this.#files - MAX_FILES;
    if (more > 0) this.#notice(`#${operation} moved ${more} files more than the ${MAX_FILES} that are named`);
    if (this.#reader.lost)
      this.#notice(`#${operation} moved ${this.#bytes} bytes that are no plain archive: the files in it are not known`);
  }

  #notice(text: string): void {
    this.#session.record({ at: Date.now(), type: "notice", code: "files_not_named", text });
  }
}
