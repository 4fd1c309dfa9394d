export { type ApiClient, type ApiClientOptions, type ApiProblem, createApiClient } from "./api-client.ts";
export type { paths } from "./generated/api-types.ts";
