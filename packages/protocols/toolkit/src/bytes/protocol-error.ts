/** What a peer did wrong on the wire. The codes are shared by every protocol. */
export type ProtocolErrorCode =
  /** A length field is negative, too small, or does not agree with what follows it. */
  | "invalid_length"
  /** A type byte that this side never sends in this phase. */
  | "unknown_message_type"
  /** Longer than the cap of the phase. */
  | "message_too_large"
  /** The body does not have the layout that its type prescribes. */
  | "malformed_message"
  /** Well formed, but not allowed now. */
  | "unexpected_message"
  /** The peer closed in the middle of a message. */
  | "unexpected_end";

/**
 * The only error that codecs throw on bad input. The text names fields and limits, never bytes that a peer sent, so it
 * may be logged.
 */
export class ProtocolError extends Error {
  readonly code: ProtocolErrorCode;

  constructor(code: ProtocolErrorCode, message: string) {
    super(message);
    this.name = "ProtocolError";
    this.code = code;
  }
}
