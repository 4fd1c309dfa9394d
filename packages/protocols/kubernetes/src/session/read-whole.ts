import type { Readable } from "node:stream";
import { failure, type KubeStatus } from "../status.ts";

/** The API server's own limit of what is written (apiserver, MaxRequestBodyBytes). */
const MAX_BODY = 3 * 1024 * 1024;

/** All of a body; a Status where it is longer than the API server would take. Rejects when the client leaves. */
export async function readWhole(body: Readable, length: string | undefined): Promise<Buffer | KubeStatus> {
  const tooLarge = failure("RequestEntityTooLarge", `the body is longer than ${MAX_BODY} bytes`);
  if (Number(length ?? 0) > MAX_BODY) return tooLarge;
  const chunks: Buffer[] = [];
  let size = 0;
  // what is left of a body that is too long is read by whoever closes the connection
  for await (const chunk of body.iterator({ destroyOnReturn: false })) {
    size += chunk.length;
    if (size > MAX_BODY) return tooLarge;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
