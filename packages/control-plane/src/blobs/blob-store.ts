import { TidewaiterError } from "@tidewaiter/core/errors";

/**
 * Where recordings are kept: written once, never changed. Keys are `/`-separated names of letters, digits, `.`, `_` and
 * `-`, each up to 128 characters and not beginning with a dot, together up to 512; a key is never the beginning of
 * another one's path (`a` beside `a/b`). Throws `bad_request` for other keys, `storage_unavailable` when the store fails.
 */
export interface BlobStore {
  /**
   * Acknowledged means durable. `exists`: another blob stands there and stays as it is, whatever its bytes; of two
   * writers at once exactly one hears `stored`.
   */
  putIfAbsent(key: string, bytes: Uint8Array): Promise<"stored" | "exists">;
  get(key: string): Promise<Uint8Array | undefined>;
  /** Keys that begin with `prefix` (which may end inside a name; empty = all), in code unit order. */
  list(prefix: string): Promise<readonly string[]>;
  /** Nothing happens when it is not there. */
  delete(key: string): Promise<void>;
}

const KEY = /^(?=.{1,512}$)[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}(\/[A-Za-z0-9_-][A-Za-z0-9._-]{0,127})*$/;

export function checkBlobKey(key: string): void {
  if (!KEY.test(key)) throw new TidewaiterError("bad_request", "this cannot be the key of a blob");
}

/** Where a session's segment stands: `recordings/SESSION/000001.twrec`. */
export function segmentKey(sessionId: string, sequence: number): string {
  return `${segmentPrefix(sessionId)}${String(sequence).padStart(6, "0")}.twrec`;
}

export function segmentPrefix(sessionId: string): string {
  return `recordings/${sessionId}/`;
}
