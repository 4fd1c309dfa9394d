import type { Duplex } from "node:stream";
import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";
import { DeadlineError } from "../deadline.ts";
import { type ErrorText, fatal, SQLSTATE } from "../errors.ts";
import { ignore } from "../handshake-reader.ts";
import { SCRAM_SQLSTATE, ScramError } from "../scram/scram-error.ts";
import type { RefusalCode } from "./options.ts";

/** How long a refused client may take to read its error and close. */
const LINGER_MS = 2_000;

/** Ends a handshake from anywhere inside it. Without `text` the client is told nothing: it could not read it. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  readonly text: ErrorText | undefined;

  constructor(code: RefusalCode, text?: ErrorText, cause?: unknown) {
    super(text?.message ?? code, cause === undefined ? undefined : { cause });
    this.name = "Refusal";
    this.code = code;
    this.text = text;
  }
}

/** Every way a handshake can fail, in the words of PostgreSQL where it has them. */
export function toRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof DeadlineError) {
    return new Refusal("timeout", { code: SQLSTATE.queryCanceled, message: "canceling authentication due to timeout" });
  }
  if (error instanceof ScramError) {
    const code = error.code === "unsupported" ? "unsupported" : "protocol_violation";
    return new Refusal(code, { code: SCRAM_SQLSTATE[error.code], message: error.message });
  }
  if (error instanceof ProtocolError) {
    if (error.code === "unexpected_end") return new Refusal("client_left");
    return new Refusal("protocol_violation", { code: SQLSTATE.protocolViolation, message: error.message });
  }
  const message = "terminating connection due to administrator command";
  return new Refusal("shutdown", { code: SQLSTATE.adminShutdown, message }, error);
}

/**
 * Writes a FATAL ErrorResponse and ends the stream. Reads on until the client has closed, for at most 2 s: closing with
 * unread input resets a TCP connection, and the client would lose the error.
 */
export function refuseClient(stream: Duplex, text: ErrorText): void {
  if (!stream.destroyed && stream.writable) stream.write(fatal(text));
  endQuietly(stream);
}

/** Ends a stream without a word, and destroys it after at most 2 s. */
export function endQuietly(stream: Duplex): void {
  stream.on("error", ignore);
  if (stream.destroyed) return;
  const timer = setTimeout(() => stream.destroy(), LINGER_MS);
  timer.unref();
  const destroy = () => stream.destroy();
  stream.once("end", destroy);
  stream.once("close", () => clearTimeout(timer));
  stream.end();
  stream.resume();
}
