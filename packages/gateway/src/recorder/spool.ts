/** Where a session's segments live until the control plane has acknowledged them. */
export interface Spool {
  /** `journal`: survives a kill at once, and power loss after `sync`. `memory`: only the control plane is durable. */
  readonly kind: "journal" | "memory";
  /** Starts the segment with this sequence. Throws what the system says when it cannot. */
  open(sequence: number): SpooledSegment;
  /** Is there room for so many more bytes? A journal finds out by writing. */
  hasRoom(bytes: number): boolean;
}

export interface SpooledSegment {
  /** All or an error; after an error the last bytes may be torn. */
  write(bytes: Uint8Array): void;
  /** Resolves when all that was written before the call survives power loss. Rejects for good after one failure. */
  sync(): Promise<void>;
  /** Nothing more will be written: everything is synced, the file closed. */
  finish(): Promise<void>;
  read(): Promise<Uint8Array>;
  remove(): Promise<void>;
}

/** A spool in memory of at most `limit` bytes for one session. */
export function createMemorySpool(limit: number): Spool {
  let used = 0;
  return {
    kind: "memory",
    hasRoom: (bytes) => used + bytes <= limit,
    open() {
      const chunks: Uint8Array[] = [];
      let own = 0;
      return {
        write(bytes) {
          chunks.push(bytes);
          own += bytes.length;
          used += bytes.length;
        },
        sync: async () => {},
        finish: async () => {},
        read: async () => Buffer.concat(chunks),
        async remove() {
          used -= own;
          own = 0;
          chunks.length = 0;
        },
      };
    },
  };
}
