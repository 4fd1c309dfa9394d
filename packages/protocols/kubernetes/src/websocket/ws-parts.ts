import type { Writable } from "node:stream";

/** Parts of `ws` that it exports and that its types leave out. */
declare module "ws" {
  /** Emits `message` (Buffer, isBinary), `ping` (Buffer), `pong` (Buffer), `conclude` (code, reason) and `error`. */
  type Receiver = Writable;
  const Receiver: new (options: {
    readonly isServer: boolean;
    readonly maxPayload: number;
    readonly maxFragments: number;
    readonly maxBufferedChunks: number;
    readonly skipUTF8Validation: boolean;
  }) => Receiver;
  const Sender: {
    frame(
      data: Buffer,
      options: {
        readonly fin: boolean;
        readonly opcode: number;
        readonly mask: boolean;
        readonly readOnly: boolean;
        readonly rsv1: boolean;
      },
    ): Buffer[];
  };
}

export { Receiver, Sender } from "ws";
