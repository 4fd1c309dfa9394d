import { type Clock, systemClock } from "./clock.ts";
import { GROWTH_BUDGET, type GrowthBudget, INITIAL_CREDIT } from "./credit.ts";
import { decodeMessage } from "./decode.ts";
import { encodeFrame } from "./encode.ts";
import { errorOfReason, TunnelError, type WireReason } from "./errors.ts";
import { type Frame, type HelloFrame, VERSIONS } from "./frame.ts";
import { Keepalive, PING_INTERVAL_MS, PONG_DEADLINE_MS } from "./keepalive.ts";
import { Outbox } from "./outbox.ts";
import type { TunnelSocket } from "./socket.ts";
import type { MuxStream, StreamHost } from "./stream.ts";
import { type StreamOffer, StreamTable } from "./stream-table.ts";

export interface MuxLimits {
  /** Streams open at once, of both sides together, offers included. */
  readonly maxStreams: number;
  /** Bytes the peer may send on a new stream, up to 2 MB. */
  readonly initialCredit: number;
  /** Bytes by which all receive windows together may grow. */
  readonly growthBudget: number;
  /** Milliseconds until the peer's hello. */
  readonly helloDeadline: number;
  readonly pingInterval: number;
  readonly pongDeadline: number;
}

export const DEFAULT_LIMITS: MuxLimits = {
  maxStreams: 8192,
  initialCredit: INITIAL_CREDIT,
  growthBudget: GROWTH_BUDGET,
  helloDeadline: 10_000,
  pingInterval: PING_INTERVAL_MS,
  pongDeadline: PONG_DEADLINE_MS,
};

export interface MuxOptions {
  readonly role: "gateway" | "agent";
  /** The peer asks for a stream; answer with `accept()` or `refuse()`. Default: refused. */
  onOpen?(offer: StreamOffer): void;
  /** A control message, valid only during the call. */
  onControl?(bytes: Buffer): void;
  readonly limits?: Partial<MuxLimits>;
  readonly clock?: Clock;
  /** Protocol versions to speak. */
  readonly versions?: { readonly min: number; readonly max: number };
}

export interface CloseReason {
  readonly by: "local" | "peer";
  readonly reason: WireReason;
}

export interface Mux {
  /** Resolves when the peer's hello was accepted. Never rejects unhandled. @throws TunnelError */
  readonly ready: Promise<void>;
  /** Negotiated protocol version, 0 until `ready`. */
  readonly version: number;
  /** Streams open now, offers included. */
  readonly streams: number;
  /** Resolves once, when the tunnel is over. */
  readonly closed: Promise<CloseReason>;
  /**
   * Opens a stream; `metadata` is at most 16 KiB.
   * @throws TunnelError `refused` with the peer's reason, `cancelled`, `too_many_streams`, `too_large`, `going_away`, or
   * why the tunnel closed
   */
  open(metadata: Uint8Array, options?: { readonly signal?: AbortSignal }): Promise<MuxStream>;
  /** Sends a control message of at most 64 KiB. @throws TunnelError `too_large` | `closed` */
  sendControl(bytes: Uint8Array): void;
  /** Refuses new streams, waits up to `graceMs` for the open ones, then closes. */
  shutdown(reason: WireReason, graceMs: number): Promise<CloseReason>;
  /** Closes now; open streams end with `closed`. */
  close(reason?: WireReason): void;
}

/** Runs the tunnel protocol over `socket`, which must be open and not started. */
export function createMux(socket: TunnelSocket, options: MuxOptions): Mux {
  return new SocketMux(socket, options);
}

const NORMAL: WireReason = { code: "normal", text: "" };

class SocketMux implements Mux, StreamHost {
  readonly ready: Promise<void>;
  readonly closed: Promise<CloseReason>;
  readonly growth: GrowthBudget;
  version = 0;
  readonly #socket: TunnelSocket;
  readonly #options: MuxOptions;
  readonly #limits: MuxLimits;
  readonly #versions: { readonly min: number; readonly max: number };
  readonly #clock: Clock;
  readonly #outbox: Outbox;
  readonly #table: StreamTable;
  readonly #readiness = Promise.withResolvers<void>();
  readonly #closing = Promise.withResolvers<CloseReason>();
  #keepalive: Keepalive | undefined;
  #stopHelloTimer: () => void;
  #end: CloseReason | undefined;
  #endError: TunnelError | undefined;
  #peerGoaway: WireReason | undefined;
  #leaving = false;
  #drained: (() => void) | undefined;

  constructor(socket: TunnelSocket, options: MuxOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#versions = options.versions ?? VERSIONS;
    this.#clock = options.clock ?? systemClock;
    this.growth = { left: this.#limits.growthBudget };
    this.ready = this.#readiness.promise;
    this.ready.catch(() => {});
    this.closed = this.#closing.promise;
    this.#outbox = new Outbox(socket, () => this.#fail(new TunnelError("overloaded", "the peer does not read")));
    this.#table = new StreamTable(this, {
      firstId: options.role === "gateway" ? 1 : 2,
      maxStreams: this.#limits.maxStreams,
      receiveCredit: this.#limits.initialCredit,
      onOpen: (offer) => this.#offered(offer),
      onEmpty: () => this.#drained?.(),
    });
    this.#stopHelloTimer = this.#clock.after(this.#limits.helloDeadline, () =>
      this.#fail(new TunnelError("handshake_timeout", "no hello from the peer")),
    );
    socket.start({ message: (bytes) => this.#receive(bytes), closed: (text) => this.#socketClosed(text) });
    this.sendFrame({
      kind: "hello",
      minVersion: this.#versions.min,
      maxVersion: this.#versions.max,
      initialCredit: this.#limits.initialCredit,
      maxStreams: this.#limits.maxStreams,
    });
  }

  get streams(): number {
    return this.#table.size;
  }

  now(): number {
    return this.#clock.now();
  }

  sendFrame(frame: Frame): void {
    this.#outbox.urgent(encodeFrame(frame, this.version));
  }

  async open(metadata: Uint8Array, options: { readonly signal?: AbortSignal } = {}): Promise<MuxStream> {
    if (options.signal?.aborted) throw new TunnelError("cancelled", "opening was cancelled");
    await this.ready;
    this.#mayOpen();
    return this.#table.open(metadata, options.signal);
  }

  #mayOpen(): void {
    if (this.#endError !== undefined) throw this.#endError;
    if (this.#peerGoaway !== undefined) throw errorOfReason("going_away", this.#peerGoaway);
    if (this.#leaving) throw new TunnelError("going_away", "this side is shutting down");
  }

  sendControl(bytes: Uint8Array): void {
    if (this.#endError !== undefined) throw this.#endError;
    if (this.version === 0) throw new TunnelError("protocol", "control message before the tunnel is ready");
    this.sendFrame({ kind: "control", payload: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) });
  }

  async shutdown(reason: WireReason, graceMs: number): Promise<CloseReason> {
    if (this.#end === undefined && !this.#leaving) {
      this.#leaving = true;
      if (this.version !== 0) this.sendFrame({ kind: "goaway", reason });
      if (this.#table.size > 0) await this.#drain(graceMs);
      this.close(reason);
    }
    return this.closed;
  }

  #drain(graceMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stopTimer = this.#clock.after(graceMs, resolve);
    this.#drained = () => {
      stopTimer();
      resolve();
    };
    return promise;
  }

  close(reason: WireReason = NORMAL): void {
    this.#finish({ by: "local", reason }, errorOfReason("closed", reason));
  }

  append(stream: number, bytes: Buffer, limit: number): number {
    return this.#outbox.append({ id: stream, version: this.version }, bytes, limit);
  }

  sendable(stream: MuxStream): void {
    this.#outbox.ready(stream);
  }

  forget(stream: MuxStream): void {
    this.#outbox.remove(stream);
    this.#table.delete(stream.id);
  }

  #offered(offer: StreamOffer): void {
    if (this.#leaving) offer.refuse({ code: "going_away", text: "shutting down" });
    else if (this.#options.onOpen === undefined) offer.refuse({ code: "not_supported", text: "" });
    else this.#options.onOpen(offer);
  }

  #receive(message: Buffer): void {
    if (this.#end !== undefined) return;
    this.#keepalive?.heard();
    try {
      for (const frame of decodeMessage(message, () => this.version)) {
        this.#dispatch(frame);
        if (this.#end !== undefined) return;
      }
    } catch (error) {
      if (!(error instanceof TunnelError)) throw error;
      this.#fail(error);
    }
  }

  #dispatch(frame: Frame): void {
    if (this.version === 0 && frame.kind !== "hello" && frame.kind !== "goaway")
      throw new TunnelError("protocol", "frame before hello");
    switch (frame.kind) {
      case "hello":
        this.#greeted(frame);
        break;
      case "ping":
        this.sendFrame({ kind: "pong", payload: frame.payload });
        break;
      case "pong":
        break;
      case "goaway":
        this.#peerGoaway ??= frame.reason;
        break;
      case "control":
        this.#options.onControl?.(frame.payload);
        break;
      default:
        this.#table.dispatch(frame);
    }
  }

  #greeted(hello: HelloFrame): void {
    if (this.version !== 0) throw new TunnelError("protocol", "second hello");
    const version = Math.min(hello.maxVersion, this.#versions.max);
    if (version < hello.minVersion || version < this.#versions.min) {
      throw new TunnelError(
        "version",
        `the peer speaks versions ${hello.minVersion} to ${hello.maxVersion}, this side ${this.#versions.min} to ${this.#versions.max}`,
      );
    }
    this.version = version;
    this.#table.greeted(hello);
    this.#stopHelloTimer();
    this.#keepalive = new Keepalive({
      clock: this.#clock,
      interval: this.#limits.pingInterval,
      deadline: this.#limits.pongDeadline,
      ping: (payload) => this.sendFrame({ kind: "ping", payload }),
      dead: () => this.#fail(new TunnelError("dead_peer", "the peer does not answer")),
    });
    this.#readiness.resolve();
  }

  #socketClosed(text: string): void {
    const reason = this.#peerGoaway ?? { code: "connection_lost", text };
    this.#finish({ by: "peer", reason }, errorOfReason("closed", reason));
  }

  #fail(error: TunnelError): void {
    this.#finish({ by: "local", reason: { code: error.code, text: error.message } }, error);
  }

  #finish(end: CloseReason, error: TunnelError): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#endError = error;
    this.#stopHelloTimer();
    this.#keepalive?.stop();
    if (end.by === "local") {
      this.sendFrame({ kind: "goaway", reason: end.reason });
      this.#outbox.finish();
    }
    this.#table.abandonAll(error);
    this.#drained?.();
    if (error.code === "dead_peer" || error.code === "overloaded") this.#socket.terminate();
    else this.#socket.close();
    this.#readiness.reject(error);
    this.#closing.resolve(end);
  }
}
