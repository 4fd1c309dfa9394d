import { ERROR_CODES, type ErrorCode, TidewaiterError } from "@tidewaiter/core/errors";
import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";

/** RFC 9457, with our code and, where there is one, the next thing to do. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  next: z.string().optional(),
});

/** What Fastify itself refuses, by its own codes. */
const FASTIFY_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: "too_large",
};

/** Every error leaves through the one table of codes. The text of an unexpected one stays in our log. */
export function addProblems(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const known = toKnown(error);
    if (known.code === "internal") request.log.error({ err: error }, "unexpected error");
    return sendProblem(reply, known);
  });
  app.setNotFoundHandler((_request, reply) => {
    return sendProblem(reply, new TidewaiterError("not_found", "there is no such address in this API"));
  });
}

function sendProblem(reply: FastifyReply, error: TidewaiterError): FastifyReply {
  const { status, title } = ERROR_CODES[error.code];
  const type = `urn:tidewaiter:error:${error.code}`;
  const next = error.next === undefined ? {} : { next: error.next };
  if (error.code === "rate_limited") reply.header("retry-after", "60");
  if (error.code === "unauthenticated") reply.header("www-authenticate", "Bearer");
  const body = { type, title, status, detail: error.detail, code: error.code, ...next };
  // Serialised here: the type would otherwise be taken back to application/json.
  return reply.code(status).type("application/problem+json").send(JSON.stringify(body));
}

/** Any error as one of ours; the text of an unexpected one is not passed on. */
export function toKnown(error: unknown): TidewaiterError {
  if (error instanceof TidewaiterError) {
    // What went wrong inside may name files and keys; the log has it.
    return error.code === "internal" ? new TidewaiterError("internal", "something went wrong here") : error;
  }
  const { code, statusCode } = error as { readonly code?: string; readonly statusCode?: number };
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    const known = code === undefined ? undefined : FASTIFY_CODES[code];
    if (known !== undefined) return new TidewaiterError(known, "the request is larger than this address takes");
    return new TidewaiterError("bad_request", "the request cannot be read: JSON is expected");
  }
  return new TidewaiterError("internal", "something went wrong here");
}
