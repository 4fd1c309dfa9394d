import type { AuthorizedSession, SessionEvent } from "@tidewaiter/core";
import { createSegmentWriter, encodeEvents, NO_PREVIOUS_HASH } from "@tidewaiter/core/recording/segment";
import { primitives } from "../src/blobs/index.ts";

/** Segments as a gateway's recorder writes them, one for each batch of events. */
export function segmentsOf(session: AuthorizedSession, batches: readonly (readonly SessionEvent[])[], createdAt = 0) {
  let previousHash = NO_PREVIOUS_HASH;
  return batches.map((events, index) => {
    const { keyId, key, wrapped } = session.recordingKey;
    const header = { sessionId: session.id, sequence: index + 1, keyId, wrappedKey: wrapped, previousHash, createdAt };
    const writer = createSegmentWriter(header, Buffer.from(key, "base64"), primitives);
    const frame = writer.frame(encodeEvents(events.map((event) => JSON.stringify(event))));
    const closed = writer.close({ closedAt: createdAt, incomplete: false });
    previousHash = closed.hash;
    return { bytes: Buffer.concat([writer.header, frame, closed.bytes]), hash: closed.hash };
  });
}
