import type { SQLSTATE } from "../errors.ts";

/** What can be wrong with a SCRAM exchange, apart from a wrong proof, which is a value. */
export type ScramErrorCode =
  /** A message does not follow RFC 5802. */
  | "malformed"
  /** The peer asks for something that exists but is not supported here. */
  | "unsupported"
  /** Channel binding data differ, or a downgrade was noticed: someone may sit in the middle of the TLS connection. */
  | "channel_binding"
  /** The server ended the exchange with an error attribute. */
  | "refused_by_server"
  /** The server could not prove that it knows the password. */
  | "server_not_genuine";

/** SQLSTATE of each code, as PostgreSQL's own server answers. */
export const SCRAM_SQLSTATE = {
  malformed: "08P01",
  unsupported: "0A000",
  channel_binding: "28000",
  refused_by_server: "28000",
  server_not_genuine: "28000",
} as const satisfies Record<ScramErrorCode, (typeof SQLSTATE)[keyof typeof SQLSTATE]>;

/** Messages never hold a nonce, salt, proof or key. */
export class ScramError extends Error {
  readonly code: ScramErrorCode;

  constructor(code: ScramErrorCode, message: string) {
    super(message);
    this.name = "ScramError";
    this.code = code;
  }
}
