import createClient, { type Client } from "openapi-fetch";
import type { Problem, paths } from "./generated/api-types.ts";

export type ApiClient = Client<paths>;
export type ApiProblem = Problem;

export interface ApiClientOptions {
  /** Such as `https://gw.example`, without a path. */
  readonly baseUrl: string;
  /** Access token, or a function that is asked before each request; none for public routes. */
  readonly token?: string | (() => string | undefined);
  /** Default: the global one. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

/**
 * The API of the control plane, typed by its OpenAPI document:
 *
 *     const { data, error } = await client.GET("/v1/resources/{name}", { params: { path: { name: "prod-db" } } });
 *
 * `error` is a problem (RFC 9457). Rejects only when there is no answer at all.
 */
export function createApiClient(options: ApiClientOptions): ApiClient {
  const { baseUrl, token, fetch } = options;
  const client = createClient<paths>(fetch === undefined ? { baseUrl } : { baseUrl, fetch });
  client.use({
    onRequest({ request }) {
      const value = typeof token === "function" ? token() : token;
      if (value !== undefined) request.headers.set("authorization", `Bearer ${value}`);
      return request;
    },
  });
  return client;
}
