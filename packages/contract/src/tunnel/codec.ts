/** Bytes that are not the message they should be. */
export class MalformedMessageError extends Error {
  override readonly name = "MalformedMessageError";
  readonly code = "malformed_message";
}

/** Runs a decoder; whatever it throws at hostile bytes becomes MalformedMessageError. */
export function decodeOrThrow<T>(name: string, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    throw new MalformedMessageError(`not a ${name} message`, { cause });
  }
}
