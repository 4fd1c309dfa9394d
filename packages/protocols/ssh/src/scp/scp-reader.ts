import { FileDigest } from "../sftp/file-digest.ts";

/** One file that went through `scp -O`. */
export interface ScpFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string | undefined;
}

const MAX_LINE = 8 * 1024;

/**
 * Reads the sending side of the old scp protocol as its bytes go by: `C0644 SIZE NAME`, data, NUL; `D` and `E` for folders,
 * `T` for times. Only looks: what it does not understand it stops understanding.
 */
export class ScpReader {
  readonly #onFile: (file: ScpFile) => void;
  readonly #folders: string[];
  #line: Buffer[] = [];
  #lineBytes = 0;
  #file: { readonly name: string; left: number; readonly digest: FileDigest; at: number } | undefined;
  #afterData = false;
  #lost = false;

  constructor(base: string, onFile: (file: ScpFile) => void) {
    this.#folders = base === "" ? [] : [base.replace(/\/$/, "")];
    this.#onFile = onFile;
  }

  push(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0 && !this.#lost) rest = this.#file === undefined ? this.#header(rest) : this.#data(rest);
  }

  #data(chunk: Buffer): Buffer {
    const file = this.#file;
    if (file === undefined) return chunk;
    const data = chunk.subarray(0, Math.min(file.left, chunk.length));
    if (data.length > 0) file.digest.add(file.at, data);
    file.at += data.length;
    file.left -= data.length;
    if (file.left > 0) return chunk.subarray(data.length);
    this.#file = undefined;
    this.#afterData = true;
    this.#onFile({ path: [...this.#folders, file.name].join("/"), bytes: file.at, sha256: file.digest.sha256() });
    return chunk.subarray(data.length);
  }

  #header(chunk: Buffer): Buffer {
    if (this.#afterData) {
      this.#afterData = false;
      return chunk.subarray(chunk[0] === 0 ? 1 : 0);
    }
    const end = chunk.indexOf(0x0a);
    const part = end < 0 ? chunk : chunk.subarray(0, end);
    this.#line.push(part);
    this.#lineBytes += part.length;
    if (this.#lineBytes > MAX_LINE) this.#lost = true;
    if (end < 0) return chunk.subarray(chunk.length);
    const line = Buffer.concat(this.#line).toString("utf8");
    this.#line = [];
    this.#lineBytes = 0;
    this.#take(line);
    return chunk.subarray(end + 1);
  }

  #take(line: string): void {
    const file = /^C[0-7]{4} (\d{1,15}) (.+)$/.exec(line);
    if (file !== null) {
      this.#file = { name: file[2] ?? "", left: Number(file[1]), digest: new FileDigest(), at: 0 };
      return;
    }
    const folder = /^D[0-7]{4} 0 (.+)$/.exec(line);
    if (folder !== null) this.#folders.push(folder[1] ?? "");
    else if (line === "E") this.#folders.pop();
    else if (!/^T\d/.test(line) && !isAnswer(line)) this.#lost = true;
  }
}

/** NUL, or 1 and 2 with a text: what the receiving side says, and a warning of the sending one. */
function isAnswer(line: string): boolean {
  return line.charCodeAt(0) <= 2;
}
