/**
 * What may go wrong in a tunnel.
 *
 * | code | meaning |
 * | --- | --- |
 * | `protocol` | the peer broke the tunnel protocol; the tunnel is closed |
 * | `too_large` | a frame or message over its cap, ours (refused before sending) or the peer's (tunnel closed) |
 * | `flow_control` | the peer sent more than its credit; the tunnel is closed |
 * | `version` | no protocol version in common |
 * | `handshake_timeout` | the peer's hello did not come in time |
 * | `dead_peer` | nothing came back after a ping |
 * | `overloaded` | the peer does not read what it makes us answer |
 * | `too_many_streams` | the cap on streams of either side is reached |
 * | `refused` | the peer refused to open the stream; `reason` says why |
 * | `reset` | the peer reset the stream; `reason` says why |
 * | `cancelled` | withdrawn by this side, or an offer the peer withdrew |
 * | `going_away` | no new streams: one of the sides is shutting down |
 * | `closed` | the tunnel is closed |
 */
export type TunnelErrorCode =
  | "protocol"
  | "too_large"
  | "flow_control"
  | "version"
  | "handshake_timeout"
  | "dead_peer"
  | "overloaded"
  | "too_many_streams"
  | "refused"
  | "reset"
  | "cancelled"
  | "going_away"
  | "closed";

/** Why a peer refused, reset or left, as it stood on the wire. `code` is `[a-z0-9_]{1,32}`, `text` at most 1024 bytes. */
export interface WireReason {
  readonly code: string;
  readonly text: string;
}

/** The only error class of this package. `reason` is set when the peer gave one. */
export class TunnelError extends Error {
  override readonly name = "TunnelError";
  readonly code: TunnelErrorCode;
  readonly reason: WireReason | undefined;

  constructor(code: TunnelErrorCode, message: string, reason?: WireReason) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

/** The error of a `refused` open or a `reset` stream, its message made of the wire reason. */
export function errorOfReason(code: TunnelErrorCode, reason: WireReason): TunnelError {
  return new TunnelError(code, reason.text === "" ? reason.code : `${reason.code}: ${reason.text}`, reason);
}
