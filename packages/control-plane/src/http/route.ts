import type { Readable } from "node:stream";
import { TidewaiterError } from "@tidewaiter/core/errors";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Caller } from "../features/login/service.ts";
import type { Permission, Scope } from "../permissions.ts";

/** Declared by every route, or the server does not start. */
export type RouteAccess =
  | { readonly permission: Permission }
  | { readonly public: true }
  /** A token of an identity provider, which the SCIM routes check themselves before they do anything. */
  | { readonly scim: true };

declare module "fastify" {
  interface FastifyContextConfig {
    access?: RouteAccess;
  }
  interface FastifyRequest {
    caller: Caller | undefined;
    /** What forms of a signed-in browser must hold. */
    formToken: string | undefined;
  }
}

export interface RouteCall<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** Who calls; on a public route nobody. */
  readonly caller: Caller;
  /** On every resource, or on one with these tags. */
  readonly can: (permission: Permission, tags?: Scope) => boolean;
  readonly address: string;
}

type Named<Params, Query, Body> = Pick<RouteCall<Params, Query, Body>, "params" | "query" | "body">;

export interface RouteSpec<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Response extends z.ZodType,
> {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Fastify's form: `/v1/principals/:name`. */
  readonly url: string;
  readonly summary: string;
  readonly access: RouteAccess;
  /**
   * The name of the resource that it is about: a role that is limited to some resources is enough when this is one of
   * them. Without it such a role is not enough.
   */
  readonly resourceOf?: (
    call: Named<z.output<Params>, z.output<Query>, z.output<Body>>,
  ) => string | undefined | Promise<string | undefined>;
  /** `handle` itself asks `can` for each thing it is about. */
  readonly scoped?: true;
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  /** Of a success. Fields that it does not name are cut from the answer. */
  readonly response: Response;
  /** Default 200; 204 for `z.void()`. */
  readonly status?: 200 | 201 | 204;
  /** For an answer that is not JSON; `handle` then gives text or a stream. */
  readonly produces?: "text/html" | "application/x-ndjson" | "application/samlmetadata+xml";
  /** Bytes; default 64 KiB. */
  readonly bodyLimit?: number;
  handle(call: RouteCall<z.output<Params>, z.output<Query>, z.output<Body>>): Promise<z.input<Response>>;
}

type AnySpec = RouteSpec<z.ZodType, z.ZodType, z.ZodType, z.ZodType>;

/** A route whose types have been checked against its schemas. */
export type Route = Omit<AnySpec, "handle" | "resourceOf"> & {
  readonly resourceOf?: (call: Named<unknown, unknown, unknown>) => string | undefined | Promise<string | undefined>;
  readonly run: (call: RouteCall<unknown, unknown, unknown>) => Promise<unknown>;
};

export function route<
  Params extends z.ZodType = z.ZodUndefined,
  Query extends z.ZodType = z.ZodUndefined,
  Body extends z.ZodType = z.ZodUndefined,
  Response extends z.ZodType = z.ZodVoid,
>(spec: RouteSpec<Params, Query, Body, Response>): Route {
  const { handle, resourceOf, ...declared } = spec;
  // The call is parsed by these very schemas before it comes here.
  const run: Route["run"] = (call) => handle(call as Parameters<typeof handle>[0]);
  if (resourceOf === undefined) return { ...declared, run };
  return { ...declared, run, resourceOf: (call) => resourceOf(call as Parameters<typeof resourceOf>[0]) };
}

export const NOTHING = z.void();

/** Who may what, asked by every route. */
export interface RouteRights {
  /** On every resource, or on one with these tags. */
  readonly may: (caller: Caller, wanted: Permission, tags?: Scope) => boolean;
  /** Of a resource; undefined when there is none. */
  readonly tagsOf: (resource: string) => Promise<Scope | undefined>;
}

/** Registers the route: parse by zod, check the scope, run, cut the answer to its schema. */
export function register(app: FastifyInstance, spec: Route, rights: RouteRights): void {
  app.route({
    method: spec.method,
    url: spec.url,
    config: { access: spec.access },
    bodyLimit: spec.bodyLimit ?? 64 * 1024,
    handler: async (request, reply) => {
      const call = parseCall(spec, request, rights.may);
      await requireScope(spec, call.can, rights, () => spec.resourceOf?.(call));
      return answer(spec, reply, await spec.run(call));
    },
  });
}

/** The permission is held somewhere (plugins/access.ts): is it held here? */
export async function requireScope(
  spec: Pick<Route, "access" | "scoped">,
  can: RouteCall<unknown, unknown, unknown>["can"],
  { tagsOf }: Pick<RouteRights, "tagsOf">,
  resourceOf: () => string | undefined | Promise<string | undefined>,
): Promise<void> {
  if (!("permission" in spec.access) || spec.scoped === true) return;
  const { permission } = spec.access;
  if (can(permission)) return;
  const name = await resourceOf();
  const tags = name === undefined ? undefined : await tagsOf(name);
  if (tags !== undefined && can(permission, tags)) return;
  throw outOfScope(permission);
}

/** The permission is held on other resources only. */
export function outOfScope(permission: Permission): TidewaiterError {
  return new TidewaiterError("permission_missing", `your roles hold ${permission} for other resources only`);
}

function parseCall(spec: Route, request: FastifyRequest, may: RouteRights["may"]) {
  const { caller } = request;
  return {
    params: parse(spec.params, request.params, "path"),
    query: parse(spec.query, request.query, "query"),
    body: parse(spec.body, request.body, "body"),
    get caller(): Caller {
      if (caller === undefined) throw new TidewaiterError("unauthenticated", "there is no valid access token");
      return caller;
    },
    can: (wanted: Permission, tags?: Scope) => caller !== undefined && may(caller, wanted, tags),
    address: request.ip,
  };
}

/** @throws `bad_request` with the place of everything that is wrong */
export function parse(schema: z.ZodType | undefined, value: unknown, where: string): unknown {
  if (schema === undefined) return undefined;
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const problems = result.error.issues.slice(0, 10).map((issue) => {
    const path = [where, ...issue.path].join(".");
    const extra = issue.code === "unrecognized_keys" ? `unknown field ${issue.keys[0] ?? ""}` : issue.message;
    return `${path}: ${extra}`;
  });
  throw new TidewaiterError("bad_request", problems.join("; "));
}

function answer(spec: Route, reply: FastifyReply, result: unknown): FastifyReply {
  const status = spec.status ?? 200;
  if (spec.produces !== undefined) {
    return reply
      .code(status)
      .type(`${spec.produces}; charset=utf-8`)
      .send(result as string | Readable);
  }
  if (status === 204) return reply.code(204).send();
  return reply.code(status).send(spec.response.parse(result));
}
