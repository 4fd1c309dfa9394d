import { ERROR_CODES, TidewaiterError } from "@tidewaiter/core/errors";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Services } from "../../services.ts";
import { GROUP, type ResourceKind, USER } from "./attributes.ts";
import { PAGE_LIMIT, resourceTypes, schemas, serviceProviderConfig } from "./describe.ts";
import { parseFilter } from "./filter.ts";
import { isObject, type JsonObject } from "./match.ts";
import type { PatchOperation } from "./patch.ts";
import { readPatch } from "./patch.ts";
import type { Values } from "./read-values.ts";
import { readResource } from "./read-values.ts";
import { errorBody, invalid, ScimError, type ScimRefusal } from "./scim-error.ts";
import { showResource } from "./show.ts";
import type { ScimOutcome } from "./unit.ts";
import type { Listing, Page } from "./user-resources.ts";
import type { One } from "./users.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Of a request to `/scim/v2`: whose token it brings. */
    scimProvider: string | undefined;
  }
}

/** A group of 10,000 members fits. */
const BODY_LIMIT = 1024 * 1024;
const MEDIA_TYPE = "application/scim+json";

type IdRequest = FastifyRequest<{ Params: { readonly id: string } }>;

/** What Users and Groups have in common. */
interface Resources {
  readonly kind: ResourceKind;
  list(page: Page & { withMembers: boolean }): Promise<Listing>;
  get(one: One): Promise<JsonObject | undefined>;
  create(args: { provider: string; values: Values }): Promise<ScimOutcome<JsonObject>>;
  replace(args: One & { values: Values }): Promise<ScimOutcome<JsonObject>>;
  patch(args: One & { operations: readonly PatchOperation[] }): Promise<ScimOutcome<JsonObject>>;
  delete(args: One): Promise<ScimOutcome<void>>;
}

/**
 * SCIM 2.0 (RFC 7643, RFC 7644) at `/scim/v2`: identity providers push users and groups with a token of their own. It is
 * no part of the OpenAPI document; it describes itself by `/scim/v2/Schemas`.
 */
export async function addScim(app: FastifyInstance, services: Services): Promise<void> {
  await app.register(async (scope) => scimScope(scope, services), { prefix: "/scim/v2" });
}

function scimScope(scope: FastifyInstance, services: Services): void {
  const base = () => `${services.deps.endpoints().web.replace(/\/$/, "")}/scim/v2`;
  const { scimUsers, scimGroups } = services.store.units;
  scope.decorateRequest("scimProvider", undefined);
  const json = scope.getDefaultJsonParser("error", "error");
  scope.removeContentTypeParser("application/json");
  scope.addContentTypeParser([MEDIA_TYPE, "application/json"], { parseAs: "string" }, (request, body, done) => {
    // Providers name a type for DELETE too, which has no body.
    if (body === "") done(null, undefined);
    else void json(request, body as string, done);
  });
  scope.addHook("onRequest", async (request) => {
    const token = /^Bearer ([\w-]{1,200})$/i.exec(request.headers.authorization ?? "")?.[1];
    request.scimProvider = await services.scim.provider(token, request.ip);
    if (request.scimProvider === undefined) throw new ScimError({ status: 401, detail: "the token is not valid here" });
  });
  scope.setErrorHandler((error, request, reply) => {
    const refusal = toRefusal(error);
    if (refusal.status === 500) request.log.error({ err: error }, "unexpected error");
    return refuse(reply, refusal);
  });
  addDescriptions(scope, base);
  addResources(scope, services, { kind: USER, ...scimUsers }, base);
  addResources(scope, services, { kind: GROUP, ...scimGroups }, base);
  scope.all("/*", { config: ACCESS }, async () => {
    throw new ScimError({ status: 404, detail: "there is no such address; see /scim/v2/ResourceTypes" });
  });
}

const ACCESS = { access: { scim: true } } as const;

function addDescriptions(scope: FastifyInstance, base: () => string): void {
  scope.get("/ServiceProviderConfig", { config: ACCESS }, (_request, reply) => {
    return send(reply, 200, serviceProviderConfig(base()));
  });
  for (const [path, of] of [
    ["/ResourceTypes", resourceTypes],
    ["/Schemas", schemas],
  ] as const) {
    scope.get(path, { config: ACCESS }, (_request, reply) => send(reply, 200, listResponse(of(base()), { start: 1 })));
    scope.get(`${path}/:id`, { config: ACCESS }, (request: IdRequest, reply) => {
      const found = of(base()).find(({ id }) => id === request.params.id);
      if (found === undefined) throw new ScimError({ status: 404, detail: "there is no such description" });
      return send(reply, 200, found);
    });
  }
}

function addResources(scope: FastifyInstance, services: Services, resources: Resources, base: () => string): void {
  const { kind } = resources;
  const config = { config: ACCESS, bodyLimit: BODY_LIMIT };
  const answer = (request: FastifyRequest, reply: FastifyReply, status: number, resource: JsonObject) => {
    const shown = showResource(kind, resource, { base: base(), query: queryOf(request) });
    const { version, location } = shown.meta;
    return send(reply.headers({ etag: version, location }), status, shown.body);
  };
  scope.get(kind.endpoint, config, async (request, reply) => {
    const query = queryOf(request);
    const page = pageOf(query);
    const withMembers = !/(^|,)\s*members\s*(,|$)/i.test(query.excludedAttributes ?? "");
    const { total, resources: found } = await resources.list({ provider: providerOf(request), ...page, withMembers });
    const shown = found.map((resource) => showResource(kind, resource, { base: base(), query }).body);
    return send(reply, 200, listResponse(shown, { start: page.offset + 1, total }));
  });
  scope.post(kind.endpoint, config, async (request, reply) => {
    const values = readResource(kind, bodyOf(request));
    const made = await settle(services, request, await resources.create({ provider: providerOf(request), values }));
    return answer(request, reply, 201, made);
  });
  scope.get(`${kind.endpoint}/:id`, config, async (request: IdRequest, reply) => {
    const found = await resources.get(oneOf(request));
    if (found === undefined) throw new ScimError({ status: 404, detail: "there is no such resource of this provider" });
    return answer(request, reply, 200, found);
  });
  scope.put(`${kind.endpoint}/:id`, config, async (request: IdRequest, reply) => {
    const values = readResource(kind, bodyOf(request));
    return answer(
      request,
      reply,
      200,
      await settle(services, request, await resources.replace({ ...oneOf(request), values })),
    );
  });
  scope.patch(`${kind.endpoint}/:id`, config, async (request: IdRequest, reply) => {
    const operations = readPatch(bodyOf(request));
    return answer(
      request,
      reply,
      200,
      await settle(services, request, await resources.patch({ ...oneOf(request), operations })),
    );
  });
  scope.delete(`${kind.endpoint}/:id`, config, async (request: IdRequest, reply) => {
    await settle(services, request, await resources.delete(oneOf(request)));
    return reply.code(204).send();
  });
}

function providerOf(request: FastifyRequest): string {
  if (request.scimProvider === undefined) throw new ScimError({ status: 401, detail: "the token is not valid here" });
  return request.scimProvider;
}

function oneOf(request: IdRequest): One {
  const ifMatch = request.headers["if-match"];
  return { provider: providerOf(request), id: request.params.id, ...(ifMatch === undefined ? {} : { ifMatch }) };
}

function bodyOf(request: FastifyRequest): JsonObject {
  if (!isObject(request.body)) throw invalid("invalidSyntax", "a JSON object is expected");
  return request.body;
}

export type ScimQuery = Readonly<Record<string, string | undefined>>;

/** Parameters that are given twice count once. */
function queryOf(request: FastifyRequest): ScimQuery {
  const query = request.query as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(query).map(([name, value]) => [name, String(Array.isArray(value) ? value[0] : value)]),
  );
}

function pageOf(query: ScimQuery) {
  // RFC 7644 section 3.4.2.4: a start below 1 is 1, a negative count is 0.
  const start = Math.max(1, integer("startIndex", query.startIndex) ?? 1);
  const limit = Math.min(PAGE_LIMIT, Math.max(0, integer("count", query.count) ?? 100));
  const filter = query.filter === undefined || query.filter === "" ? {} : { filter: parseFilter(query.filter) };
  return { offset: start - 1, limit, ...filter };
}

function integer(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^-?\d{1,9}$/.test(text)) throw invalid("invalidValue", `${name}: a whole number is expected`);
  return Number(text);
}

function listResponse(resources: readonly JsonObject[], { start, total }: { start: number; total?: number }) {
  return {
    schemas: ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
    totalResults: total ?? resources.length,
    startIndex: start,
    itemsPerPage: resources.length,
    Resources: resources,
  };
}

/** A refused change is written down: a name that collides is for an administrator to look at. */
async function settle<Result>(
  services: Services,
  request: FastifyRequest,
  result: ScimOutcome<Result>,
): Promise<Result> {
  if (result.ok) return result.value;
  const { status, detail } = result.refusal;
  const data = { provider: providerOf(request), status, detail };
  await services.store.units.audit.append({ type: "scim.refused", data });
  throw new ScimError(result.refusal);
}

function send(reply: FastifyReply, status: number, body: JsonObject): FastifyReply {
  return reply.code(status).type(`${MEDIA_TYPE}; charset=utf-8`).send(JSON.stringify(body));
}

function refuse(reply: FastifyReply, refusal: ScimRefusal): FastifyReply {
  if (refusal.status === 401) reply.header("www-authenticate", "Bearer");
  return send(reply, refusal.status, errorBody(refusal));
}

function toRefusal(error: unknown): ScimRefusal {
  if (error instanceof ScimError) return error.refusal;
  if (error instanceof TidewaiterError) {
    const { status } = ERROR_CODES[error.code];
    // The provider's operator reads it: the change is kept, and somebody here has to approve it.
    if (error.code === "second_person_needed") return { status: 409, detail: error.detail };
    return status === 503 ? { status, detail: error.detail } : { status: 500, detail: "something went wrong here" };
  }
  const { statusCode } = error as { readonly statusCode?: number };
  if (statusCode === 413) return { status: 413, detail: `a request has at most ${BODY_LIMIT} bytes` };
  const ours = statusCode === undefined || statusCode >= 500;
  if (ours) return { status: 500, detail: "something went wrong here" };
  return { status: 400, scimType: "invalidSyntax", detail: "the request cannot be read: JSON is expected" };
}
