import { errorOfReason, TunnelError, type WireReason } from "./errors.ts";
import type { Frame, HelloFrame } from "./frame.ts";
import { MuxStream, type StreamHost } from "./stream.ts";

const LAST_ID = 0xffff_fffd;

/** A stream the peer asks for. Answer once; later answers do nothing. */
export interface StreamOffer {
  readonly metadata: Buffer;
  /** Aborted when the peer withdraws or the tunnel ends before the answer. */
  readonly signal: AbortSignal;
  /** @throws TunnelError `cancelled` when already withdrawn or answered */
  accept(): MuxStream;
  refuse(reason: WireReason): void;
}

interface TableOptions {
  /** 1 or 2: the parity of the ids this side gives. */
  readonly firstId: 1 | 2;
  readonly maxStreams: number;
  readonly receiveCredit: number;
  onOpen(offer: StreamOffer): void;
  onEmpty(): void;
}

interface PendingOpen {
  resolve(stream: MuxStream): void;
  reject(error: TunnelError): void;
}

type StreamFrame = Extract<Frame, { readonly stream: number }>;
type Entry = MuxStream | Offer | PendingOpen;

/** All streams of one tunnel by id: those open, those we asked for, those we were asked for. */
export class StreamTable {
  readonly #host: StreamHost;
  readonly #options: TableOptions;
  readonly #entries = new Map<number, Entry>();
  #nextId: number;
  #lastPeerId = 0;
  #sendCredit = 0;
  #peerMaxStreams = 0;

  constructor(host: StreamHost, options: TableOptions) {
    this.#host = host;
    this.#options = options;
    this.#nextId = options.firstId;
  }

  get size(): number {
    return this.#entries.size;
  }

  greeted(hello: HelloFrame): void {
    this.#sendCredit = hello.initialCredit;
    this.#peerMaxStreams = hello.maxStreams;
  }

  delete(id: number): void {
    if (this.#entries.delete(id) && this.#entries.size === 0) this.#options.onEmpty();
  }

  /** Asks the peer for a stream. */
  open(metadata: Uint8Array, signal: AbortSignal | undefined): Promise<MuxStream> {
    if (this.size >= Math.min(this.#options.maxStreams, this.#peerMaxStreams) || this.#nextId > LAST_ID) {
      throw new TunnelError("too_many_streams", "the tunnel is at its cap of streams");
    }
    const id = this.#nextId;
    this.#host.sendFrame({ kind: "open", stream: id, metadata: Buffer.from(metadata) });
    this.#nextId += 2;
    const { promise, resolve, reject } = Promise.withResolvers<MuxStream>();
    const withdraw = (): void => {
      this.#host.sendFrame({ kind: "reset", stream: id, reason: { code: "cancelled", text: "" } });
      this.delete(id);
      reject(new TunnelError("cancelled", "opening was cancelled"));
    };
    signal?.addEventListener("abort", withdraw, { once: true });
    const settle = (): void => signal?.removeEventListener("abort", withdraw);
    this.#entries.set(id, {
      resolve(stream) {
        settle();
        resolve(stream);
      },
      reject(error) {
        settle();
        reject(error);
      },
    });
    return promise;
  }

  /** A frame about one stream came. @throws TunnelError the peer is broken */
  dispatch(frame: StreamFrame): void {
    const entry = this.#entries.get(frame.stream);
    if (frame.kind === "open") this.#receiveOpen(frame.stream, frame.metadata);
    else if (entry === undefined) this.#checkKnown(frame.stream);
    else if (entry instanceof MuxStream) receiveOnStream(entry, frame);
    else if (entry instanceof Offer) this.#receiveWithdrawal(frame, entry);
    else this.#receiveAnswer(frame, entry);
  }

  abandonAll(error: TunnelError): void {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const entry of entries) {
      if (entry instanceof MuxStream) entry.abandon(error);
      else if (entry instanceof Offer) entry.withdraw();
      else entry.reject(error);
    }
  }

  /** Frames may still come for a stream that is over on this side, never for one that was not opened. */
  #checkKnown(id: number): void {
    const own = id % 2 === this.#options.firstId % 2;
    if (own ? id >= this.#nextId : id > this.#lastPeerId)
      throw new TunnelError("protocol", "frame of an unknown stream");
  }

  #receiveWithdrawal(frame: StreamFrame, offer: Offer): void {
    if (frame.kind !== "reset") throw new TunnelError("protocol", `${frame.kind} before open-ok`);
    this.delete(frame.stream);
    offer.withdraw();
  }

  #receiveAnswer(frame: StreamFrame, pending: PendingOpen): void {
    if (frame.kind === "openOk") {
      pending.resolve(this.#addStream(frame.stream));
      return;
    }
    if (frame.kind !== "openError") throw new TunnelError("protocol", `${frame.kind} before open-ok`);
    this.delete(frame.stream);
    pending.reject(errorOfReason("refused", frame.reason));
  }

  #receiveOpen(id: number, metadata: Buffer): void {
    if (id % 2 === this.#options.firstId % 2 || id <= this.#lastPeerId) {
      throw new TunnelError("protocol", "stream id out of order");
    }
    this.#lastPeerId = id;
    const answers = {
      accept: (): MuxStream => {
        this.#host.sendFrame({ kind: "openOk", stream: id });
        return this.#addStream(id);
      },
      refuse: (reason: WireReason): void => {
        this.delete(id);
        this.#host.sendFrame({ kind: "openError", stream: id, reason });
      },
    };
    if (this.size >= this.#options.maxStreams) {
      answers.refuse({ code: "too_many_streams", text: "the tunnel is at its cap of streams" });
      return;
    }
    const offer = new Offer(Buffer.from(metadata), answers);
    this.#entries.set(id, offer);
    this.#options.onOpen(offer);
  }

  #addStream(id: number): MuxStream {
    const stream = new MuxStream(this.#host, {
      id,
      sendCredit: this.#sendCredit,
      receiveCredit: this.#options.receiveCredit,
    });
    this.#entries.set(id, stream);
    return stream;
  }
}

function receiveOnStream(stream: MuxStream, frame: StreamFrame): void {
  switch (frame.kind) {
    case "data":
      stream.receive(frame.payload);
      break;
    case "window":
      stream.receiveCredit(frame.increment);
      break;
    case "fin":
      stream.receiveEnd();
      break;
    case "reset":
      stream.abandon(errorOfReason("reset", frame.reason));
      break;
    default:
      throw new TunnelError("protocol", `${frame.kind} on an open stream`);
  }
}

interface Answers {
  accept(): MuxStream;
  refuse(reason: WireReason): void;
}

class Offer implements StreamOffer {
  readonly metadata: Buffer;
  readonly #answers: Answers;
  readonly #withdrawal = new AbortController();
  #answered = false;

  constructor(metadata: Buffer, answers: Answers) {
    this.metadata = metadata;
    this.#answers = answers;
  }

  get signal(): AbortSignal {
    return this.#withdrawal.signal;
  }

  accept(): MuxStream {
    if (this.#answered) throw new TunnelError("cancelled", "the offer is withdrawn or answered");
    this.#answered = true;
    return this.#answers.accept();
  }

  refuse(reason: WireReason): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#answers.refuse(reason);
  }

  withdraw(): void {
    this.#answered = true;
    this.#withdrawal.abort();
  }
}
