import type { MaskSpec } from "@tidewaiter/core";

/**
 * Takes out of an answer's body what its client may not see; what is not masked stays byte for byte. Throws on what it cannot
 * read: then nothing more of the answer may pass.
 */
export interface BodyMask {
  /** What may go out now; possibly nothing. */
  push(chunk: Buffer): Buffer;
  /** What is held because its line has not ended: for a stream of text that says nothing for a while. */
  flush?(): Buffer;
  /** The rest. */
  end(): Buffer;
  /** What was masked so far, for the recording; each name once. */
  readonly masked: readonly {
    readonly column: string;
    readonly labels: readonly string[];
    readonly transform: MaskSpec["transform"];
  }[];
}
