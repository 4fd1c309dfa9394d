import type { Duplex } from "node:stream";

/**
 * The other end of a connection under test, played by hand: says exactly the bytes that a test wants, good or bad, and
 * reads exactly what it expects. Knows only the outer shape of PostgreSQL messages, so it cannot share a mistake with the
 * codec under test.
 */
export interface ScriptedPeer {
  readonly stream: Duplex;
  /** Buffers, or hex digits. */
  send(...parts: readonly (Uint8Array | string)[]): void;
  /** The next `length` bytes. Rejects when the other side ends first. */
  receive(length: number): Promise<Buffer>;
  /** The next message with a type byte. */
  receiveMessage(): Promise<{ readonly type: string; readonly body: Buffer; readonly bytes: Buffer }>;
  /** All bytes until the other side ends or is reset. */
  receiveAll(): Promise<Buffer>;
}

export function scriptedPeer(stream: Duplex): ScriptedPeer {
  stream.on("error", () => undefined);
  const receive = (length: number) => readExactly(stream, length);
  return {
    stream,
    send: (...parts) => {
      const bytes = parts.map((part) => (typeof part === "string" ? Buffer.from(part, "hex") : part));
      stream.write(Buffer.concat(bytes));
    },
    receive,
    receiveMessage: async () => {
      const header = await receive(5);
      const body = await receive(header.readInt32BE(1) - 4);
      return { type: header.toString("latin1", 0, 1), body, bytes: Buffer.concat([header, body]) };
    },
    receiveAll: async () => {
      const chunks: Buffer[] = [];
      for (let chunk = await readSome(stream); chunk !== undefined; chunk = await readSome(stream)) chunks.push(chunk);
      return Buffer.concat(chunks);
    },
  };
}

async function readExactly(stream: Duplex, length: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let missing = length; missing > 0; ) {
    const chunk: Buffer | null = stream.read(Math.min(missing, Math.max(1, stream.readableLength)));
    if (chunk !== null) {
      parts.push(chunk);
      missing -= chunk.length;
    } else {
      if (isOver(stream)) throw new Error(`the other side ended before ${length} bytes came`);
      await somethingHappened(stream);
    }
  }
  return Buffer.concat(parts);
}

async function readSome(stream: Duplex): Promise<Buffer | undefined> {
  for (;;) {
    const chunk: Buffer | null = stream.read();
    if (chunk !== null) return chunk;
    if (isOver(stream)) return undefined;
    await somethingHappened(stream);
  }
}

function isOver(stream: Duplex): boolean {
  return stream.destroyed || stream.readableEnded || !stream.readable;
}

function somethingHappened(stream: Duplex): Promise<void> {
  const events = ["readable", "end", "error", "close"] as const;
  return new Promise((resolve) => {
    const settle = () => {
      for (const event of events) stream.off(event, settle);
      resolve();
    };
    for (const event of events) stream.on(event, settle);
  });
}
