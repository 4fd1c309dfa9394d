import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { Services } from "../../services.ts";
import { MAX_TOKEN } from "./verify-token.ts";

const GRANT = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";
/** What a workload's token may be called; it has to be a JWT in either case. */
const SUBJECT_TYPES = ["urn:ietf:params:oauth:token-type:jwt", "urn:ietf:params:oauth:token-type:id_token"] as const;

const form = z.object({
  grant_type: z.literal(GRANT),
  subject_token: z.string().min(1),
  subject_token_type: z.enum(SUBJECT_TYPES),
  requested_token_type: z.literal(ACCESS_TOKEN).optional(),
  /** Ours: the name of a federation, where several fit. */
  federation: z.string().max(63).optional(),
});

/** A form is little more than its token. */
const FORM_LIMIT = 2 * MAX_TOKEN;

/**
 * `POST /v1/token`: OAuth 2.0 Token Exchange (RFC 8693). A form and errors of OAuth, as every client of it expects, so it
 * is none of the routes in JSON.
 */
export async function registerTokenEndpoint(app: FastifyInstance, { federation }: Services): Promise<void> {
  await app.register(async (scope) => {
    scope.removeContentTypeParser("application/json");
    const parser = { parseAs: "string", bodyLimit: FORM_LIMIT } as const;
    scope.addContentTypeParser("application/x-www-form-urlencoded", parser, async (_request: unknown, body: string) => {
      const fields = [...new URLSearchParams(body)];
      // RFC 6749, section 3.2: a parameter must not stand there twice
      return new Set(fields.map(([name]) => name)).size === fields.length ? Object.fromEntries(fields) : undefined;
    });
    scope.route({
      method: "POST",
      url: "/v1/token",
      config: { access: { public: true } },
      bodyLimit: FORM_LIMIT,
      handler: async (request, reply) => {
        reply.header("cache-control", "no-store");
        const grantType: unknown = (request.body as Record<string, unknown> | undefined)?.grant_type;
        const parsed = form.safeParse(request.body);
        if (!parsed.success) {
          const other = typeof grantType === "string" && grantType !== GRANT;
          const error = other ? "unsupported_grant_type" : "invalid_request";
          return reply.code(400).send({ error, error_description: explain(parsed.error) });
        }
        const { subject_token: token, federation: name } = parsed.data;
        const answer = await federation.exchange({ token, federation: name, address: request.ip });
        if (!answer.ok) {
          return reply.code(400).send({ error: answer.error, error_description: answer.description });
        }
        const { accessToken: access_token, expiresIn: expires_in } = answer;
        return reply.send({ access_token, issued_token_type: ACCESS_TOKEN, token_type: "Bearer", expires_in });
      },
    });
  });
}

/** Names of fields only, never what they held. */
function explain(error: z.ZodError): string {
  const names = [...new Set(error.issues.map((issue) => String(issue.path[0] ?? "form")))];
  return `not as in RFC 8693: ${names.join(", ")}`;
}
