import type { IncomingMessage } from "node:http";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { DeliveryError } from "./delivery.ts";
import type { NetworkGuard } from "./network-guard.ts";

export interface Post {
  /** May be a secret of its own: it is in no error. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}

const ANSWER_LIMIT = 64 * 1024;
const RETRY_AFTER_LIMIT_MS = 3600_000;
/** Refusals that a second try does not change. */
const FINAL = new Set([400, 401, 403, 404, 405, 410, 413, 415, 422]);

/**
 * Posts JSON to an address outside. Redirects are not followed. An answer of 2xx is returned, all else is an error.
 * @throws DeliveryError
 */
export async function post({ url, headers = {}, body, signal }: Post, guard: NetworkGuard): Promise<string> {
  const target = URL.parse(url);
  if (target === null) throw new DeliveryError("the address is not a URL", { final: true });
  guard.requireScheme(target);
  guard.requireHost(target.hostname);
  const { status, text, retryAfterMs } = await send(target, { headers, body, signal }, guard);
  if (status >= 200 && status < 300) return text;
  throw new DeliveryError(`the receiver answered HTTP ${status}`, { final: FINAL.has(status), retryAfterMs });
}

function send(target: URL, { headers, body, signal }: Omit<Post, "url">, guard: NetworkGuard): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = (target.protocol === "https:" ? requestHttps : requestHttp)(
      target,
      {
        method: "POST",
        headers: {
          "content-type": "application/json; charset=utf-8",
          "content-length": String(Buffer.byteLength(body)),
          "user-agent": "Tidewaiter",
          ...headers,
        },
        lookup: guard.lookup,
        agent: false,
        signal,
      },
      (response) => {
        collect(response).then(resolve, reject);
      },
    );
    request.on("error", (error) => reject(error instanceof DeliveryError ? error : unreachable(error)));
    request.end(body);
  });
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly retryAfterMs: number | undefined;
}

async function collect(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > ANSWER_LIMIT) {
      response.destroy();
      break;
    }
    chunks.push(chunk);
  }
  const seconds = Number(response.headers["retry-after"]);
  const retryAfterMs =
    Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, RETRY_AFTER_LIMIT_MS) : undefined;
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8"), retryAfterMs };
}

/** Codes of Node such as ECONNREFUSED; its message may name the address. */
function unreachable(error: Error): DeliveryError {
  const code = "code" in error && typeof error.code === "string" ? error.code : error.name;
  return new DeliveryError(`the receiver cannot be reached (${code})`, { cause: error });
}
