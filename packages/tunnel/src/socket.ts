/** What a mux needs of the message socket below it. Messages are binary, whole and in order. */
export interface TunnelSocket {
  /** Called once. `closed` comes exactly once, also after an own close; no `message` comes after it. */
  start(handlers: SocketHandlers): void;
  /**
   * `message` must not change until `sent`, which is called later (never before this returns), when its bytes were taken and
   * more may be queued.
   */
  send(message: Buffer, sent: () => void): void;
  /** Closes after what was sent has left. */
  close(): void;
  /** Closes now. */
  terminate(): void;
}

export interface SocketHandlers {
  message(bytes: Buffer): void;
  /** `text` says why, for a log. */
  closed(text: string): void;
}

export interface MemorySocketPair {
  readonly a: TunnelSocket;
  readonly b: TunnelSocket;
  /** From now on nothing arrives at either side, as on a dead network. */
  cut(): void;
}

/** Two sockets connected in memory, for tests. Messages arrive in a later turn of the event loop, in order. */
export function memorySocketPair(): MemorySocketPair {
  const wire = { cut: false };
  const a = new MemorySocket(wire);
  const b = new MemorySocket(wire);
  a.peer = b;
  b.peer = a;
  return {
    a,
    b,
    cut() {
      wire.cut = true;
    },
  };
}

class MemorySocket implements TunnelSocket {
  peer: MemorySocket | undefined;
  #handlers: SocketHandlers | undefined;
  #early: Buffer[] = [];
  #closed = false;
  readonly #wire: { readonly cut: boolean };

  constructor(wire: { readonly cut: boolean }) {
    this.#wire = wire;
  }

  start(handlers: SocketHandlers): void {
    setImmediate(() => {
      this.#handlers = handlers;
      for (const message of this.#early.splice(0)) this.receive(message);
    });
  }

  send(message: Buffer, sent: () => void): void {
    if (this.#closed) return;
    setImmediate(() => {
      if (this.#wire.cut) return;
      // The peer may keep what it is given, the sender uses its memory again.
      this.peer?.receive(Buffer.from(message));
      sent();
    });
  }

  close(): void {
    this.terminate();
  }

  terminate(): void {
    if (this.#closed) return;
    setImmediate(() => {
      this.end("closed by this side");
      if (!this.#wire.cut) this.peer?.end("closed by the peer");
    });
  }

  receive(message: Buffer): void {
    if (this.#closed) return;
    if (this.#handlers === undefined) this.#early.push(message);
    else this.#handlers.message(message);
  }

  end(text: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#handlers?.closed(text);
  }
}
