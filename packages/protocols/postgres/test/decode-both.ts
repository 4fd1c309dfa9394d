import { PassThrough } from "node:stream";
import { wholeAndByteByByte } from "@tidewaiter/testkit";
import { expect } from "vitest";
import { decodeBackend } from "../src/decode-backend.ts";
import { decodeFrontend, eachValue, type MessageView } from "../src/decode-frontend.ts";
import { createFramer, type Side } from "../src/framer.ts";
import { HandshakeReader } from "../src/handshake-reader.ts";
import type { BackendMessage, FrontendMessage, ParameterValues } from "../src/messages.ts";

type Message = FrontendMessage | BackendMessage;

/** Decodes the one message in `bytes`, received whole and byte by byte, and expects the same both times. */
export function decodeBoth(side: Side, bytes: Buffer): Message {
  const [whole, byteByByte] = wholeAndByteByByte(bytes, (chunks) => {
    const framed = frameOne(side, chunks);
    return side === "frontend" ? decodeFrontend(framed) : decodeBackend(framed);
  });
  expect(comparable(byteByByte)).toEqual(comparable(whole));
  return whole;
}

/** The same for a message of the handshake, which is pulled from a stream. */
export async function readBoth(bytes: Buffer): Promise<BackendMessage> {
  const [whole, byteByByte] = await Promise.all(
    wholeAndByteByByte(bytes, async (chunks) => {
      const stream = new PassThrough();
      for (const chunk of chunks) stream.write(chunk);
      return decodeBackend(await new HandshakeReader(stream, new AbortController().signal).message(10_000));
    }),
  );
  expect(byteByByte).toEqual(whole);
  return whole;
}

/** A message with the values themselves instead of the place where they lie, which depends on the chunking. */
export function comparable(message: Message): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(message).map(([key, value]) => [key, isValues(value) ? [...eachValue(value)] : value]),
  );
}

function frameOne(side: Side, chunks: readonly Uint8Array[]): MessageView {
  const framer = createFramer({ side, maxLength: 1_000_000 });
  const found: MessageView[] = [];
  for (const chunk of chunks) {
    framer.push(Buffer.from(chunk));
    for (let framed = framer.next(); framed !== undefined; framed = framer.next()) found.push(framed);
  }
  const [only] = found;
  if (only === undefined || found.length > 1 || !framer.atBoundary) throw new Error("not exactly one message");
  return only;
}

function isValues(value: unknown): value is ParameterValues {
  return typeof value === "object" && value !== null && "offset" in value && "count" in value;
}
