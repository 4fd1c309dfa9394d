import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";
import { decodeBackend } from "../decode-backend.ts";
import type { Framed } from "../framer.ts";
import type { BackendMessage } from "../messages.ts";

/** A message of the target whose type byte was looked at already. */
export function decoded<N extends BackendMessage["name"]>(
  message: Framed,
  name: N,
): BackendMessage & { readonly name: N } {
  const result = decodeBackend(message);
  if (!isNamed(result, name)) throw new ProtocolError("unexpected_message", `expected ${name}`);
  return result;
}

function isNamed<N extends BackendMessage["name"]>(
  message: BackendMessage,
  name: N,
): message is BackendMessage & { readonly name: N } {
  return message.name === name;
}
