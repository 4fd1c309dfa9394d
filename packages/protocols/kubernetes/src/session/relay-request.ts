import type { IncomingMessage } from "node:http";
import type { Writable } from "node:stream";
import type { KubeOperation } from "@tidewaiter/core";
import { pump } from "@tidewaiter/toolkit/terminal/pump";
import { type Exchange, respondStatus } from "../accept-client/exchange.ts";
import { KubernetesTargetError } from "../connect-target/upstream.ts";
import { failure, type KubeStatus } from "../status.ts";
import { admit, finish, type KubeContext } from "./context.ts";
import { toClient, toTarget } from "./headers.ts";
import { readWhole } from "./read-whole.ts";
import { refusalStatus } from "./words.ts";

const JSON_TYPE = /^application\/json\b/;
const WRITES: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH", "DELETE"]);

/** One plain request: read, judged, passed on, and its answer streamed back. Never rejects. */
export async function relayRequest(exchange: Exchange, operation: KubeOperation, context: KubeContext): Promise<void> {
  try {
    await relay(exchange, operation, context);
  } catch (error) {
    if (exchange.signal.aborted) return;
    respondStatus(exchange, statusOf(error, context));
  }
}

function statusOf(error: unknown, { resource, signal }: KubeContext): KubeStatus {
  if (signal.aborted) return failure("Unauthorized", "the session has ended");
  // of what is 503 client-go says nothing but that it is
  if (error instanceof KubernetesTargetError)
    return failure(error.code === "identity" ? "Forbidden" : "BadGateway", error.message);
  return failure("InternalError", `the request for ${resource} failed in the gateway`);
}

async function relay(exchange: Exchange, operation: KubeOperation, context: KubeContext): Promise<void> {
  const { session, target } = context;
  const startedAt = Date.now();
  let body: Buffer | undefined;
  if (WRITES.has(exchange.method)) {
    const read = await readWhole(exchange.body, exchange.headers["content-length"]);
    if (!Buffer.isBuffer(read)) return respondStatus(exchange, read);
    body = read;
  }
  const line = `${exchange.method} ${exchange.path}${exchange.query === "" ? "" : `?${exchange.query}`}`;
  const admission = await admit(context, {
    operation,
    text: line,
    ...(body && { body }),
    ticketOnly: true,
    signal: exchange.signal,
  });
  if (!admission.ok) return respondStatus(exchange, refusalStatus(operation, admission));
  session.count("target", body?.length ?? 0);
  const path = exchange.path + (exchange.query === "" ? "" : `?${exchange.query}`);
  const headers = { ...toTarget(exchange.headers), ...(body !== undefined && { "content-length": body.length }) };
  const signal = AbortSignal.any([exchange.signal, context.signal]);
  const answer = await target.request({ method: exchange.method, path, headers, ...(body && { body }), signal });
  const bytes = await relayAnswer(exchange, answer, { context, watch: operation.verb === "watch" });
  const status = answer.statusCode ?? 0;
  const result = exchange.signal.aborted ? "canceled" : status < 400 ? "completed" : "error";
  finish(context, admission.operation, { result, tag: String(status), bytes, startedAt });
}

async function relayAnswer(
  exchange: Exchange,
  answer: IncomingMessage,
  { context, watch }: { readonly context: KubeContext; readonly watch: boolean },
): Promise<number> {
  const { session } = context;
  const client: Writable = exchange.respond(answer.statusCode ?? 502, toClient(answer.headers, false));
  let bytes = 0;
  await pump(answer, client, (chunk) => {
    bytes += chunk.length;
    session.count("client", chunk.length);
    return chunk;
  });
  if (watch && context.signal.aborted && JSON_TYPE.test(answer.headers["content-type"] ?? "")) {
    const object = failure("Unauthorized", `the session has ended: ${await context.interrupted}`);
    client.end(`${JSON.stringify({ type: "ERROR", object })}\n`);
  }
  // an answer that breaks off must not look whole
  else if (!answer.complete) client.destroy();
  else client.end();
  return bytes;
}
