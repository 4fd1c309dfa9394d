const PATIENCE_MS = 10_000;
/** Discovery, keys, tokens and userinfo: none is longer. */
const MAX_BYTES = 512 * 1024;

/** `fetch` for what stands in a provider's configuration: no redirects, no endless answers. */
export async function fetchProvider(url: string, init: RequestInit = {}): Promise<Response> {
  const late = AbortSignal.timeout(PATIENCE_MS);
  const signal = init.signal == null ? late : AbortSignal.any([late, init.signal]);
  const response = await fetch(url, { ...init, redirect: "manual", signal });
  if (response.body === null) return response;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new TypeError("fetch failed", { cause: new Error("the answer is too large") });
    chunks.push(chunk);
  }
  return new Response(Buffer.concat(chunks), { status: response.status, headers: response.headers });
}
