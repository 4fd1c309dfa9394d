import { ERROR_CODES, TidewaiterError } from "@tidewaiter/core/errors";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import { nextPage } from "../features/login/next-page.ts";
import type { Caller } from "../features/login/service.ts";
import { STEP_UP_PAGE } from "../features/second-factors/require-step-up.ts";
import { type CookieChange, type CookieName, readCookie, setCookie } from "../features/web-session/cookie.ts";
import { sameText } from "../features/web-session/same-text.ts";
import type { Permission, Scope } from "../permissions.ts";
import { toKnown } from "../plugins/problems.ts";
import { requireSameOrigin } from "../plugins/same-origin.ts";
import type { Html } from "../web/html.ts";
import { html } from "../web/html.ts";
import { FORM_TOKEN, notice, page, type Viewer } from "../web/page.ts";
import { parse, type RouteAccess, type RouteRights, requireScope } from "./route.ts";

/** What a page route answers: a page, or the address of the next one. */
export type PageAnswer = { readonly cookies?: readonly CookieChange[] } & (
  | {
      readonly html: Html;
      /** Default 200. */
      readonly status?: number;
      /** Origins besides our own that forms of the page may be sent to. */
      readonly formAction?: readonly string[];
    }
  | { readonly redirect: string }
);

export interface PageCall<Params, Query, Form> {
  readonly params: Params;
  readonly query: Query;
  readonly form: Form;
  /** Who looks; on a public page nobody. */
  readonly caller: Caller;
  /** For the frame of the page and for its forms; undefined on a public page. */
  readonly viewer: Viewer | undefined;
  /** On every resource, or on one with these tags. */
  readonly can: (permission: Permission, tags?: Scope) => boolean;
  readonly address: string;
  readonly cookie: (name: CookieName) => string | undefined;
}

export interface PageSpec<Params extends z.ZodType, Query extends z.ZodType, Form extends z.ZodType> {
  readonly method: "GET" | "POST";
  readonly url: string;
  /** Who is not signed in is asked to, and comes back. */
  readonly access: RouteAccess;
  /** As of a route of the API. */
  readonly resourceOf?: (
    call: Pick<PageCall<z.output<Params>, z.output<Query>, z.output<Form>>, "params" | "query" | "form">,
  ) => string | undefined | Promise<string | undefined>;
  /** `handle` itself asks `can` for each thing it is about. */
  readonly scoped?: true;
  readonly params?: Params;
  readonly query?: Query;
  /** Fields of a form, all of them text. */
  readonly form?: Form;
  /** For what other sites send by design, such as the answer of a SAML provider: the handler must prove its origin. */
  readonly crossSite?: true;
  handle(call: PageCall<z.output<Params>, z.output<Query>, z.output<Form>>): Promise<PageAnswer>;
}

type AnyPageSpec = Omit<PageSpec<z.ZodType, z.ZodType, z.ZodType>, "handle" | "resourceOf">;

export type PageRoute = AnyPageSpec & {
  readonly resourceOf: (call: PageCall<unknown, unknown, unknown>) => string | undefined | Promise<string | undefined>;
  readonly run: (call: PageCall<unknown, unknown, unknown>) => Promise<PageAnswer>;
};

/** A page for people. It stands beside the API and not in its document. */
export function pageRoute<
  Params extends z.ZodType = z.ZodUndefined,
  Query extends z.ZodType = z.ZodUndefined,
  Form extends z.ZodType = z.ZodUndefined,
>(spec: PageSpec<Params, Query, Form>): PageRoute {
  const { handle, resourceOf, ...declared } = spec;
  // The call is parsed by these very schemas before it comes here.
  const run: PageRoute["run"] = (call) => handle(call as Parameters<typeof handle>[0]);
  return { ...declared, run, resourceOf: (call) => resourceOf?.(call as Parameters<typeof handle>[0]) };
}

export interface PageParts extends RouteRights {
  /** Base URL under which browsers find us. */
  readonly web: () => string;
}

const FORM_LIMIT = 64 * 1024;

/** Forms are read here only: the API takes JSON alone. */
export async function registerPages(app: FastifyInstance, routes: readonly PageRoute[], parts: PageParts) {
  await app.register(async (scope) => {
    scope.addContentTypeParser(
      "application/x-www-form-urlencoded",
      { parseAs: "string", bodyLimit: FORM_LIMIT },
      async (_request: FastifyRequest, body: string) => Object.fromEntries(new URLSearchParams(body)),
    );
    for (const route of routes) registerPage(scope, route, parts);
  });
}

function registerPage(app: FastifyInstance, spec: PageRoute, parts: PageParts): void {
  app.route({
    method: spec.method,
    url: spec.url,
    config: { access: spec.access },
    bodyLimit: FORM_LIMIT,
    errorHandler: (error, request, reply) => sendError(error, request, reply, parts.web()),
    handler: async (request, reply) => {
      if (spec.crossSite !== true) requireSameOrigin(request, parts.web());
      if (spec.method === "POST" && "permission" in spec.access) requireFormToken(request);
      const call = pageCall(spec, request, parts);
      await requireScope(spec, call.can, parts, () => spec.resourceOf(call));
      return sendPage(reply, await spec.run(call), parts.web());
    },
  });
}

/** A second wall behind the check of the origin: the form was made for this very session. */
function requireFormToken(request: FastifyRequest): void {
  const given = (request.body as Record<string, unknown> | null | undefined)?.[FORM_TOKEN];
  if (request.formToken !== undefined && typeof given === "string" && sameText(given, request.formToken)) return;
  throw new TidewaiterError("permission_missing", "this form is out of date, so nothing was done", {
    next: "Go back, load the page again, and send it once more.",
  });
}

function pageCall(spec: PageRoute, request: FastifyRequest, parts: PageParts): PageCall<unknown, unknown, unknown> {
  const { caller, body } = request;
  const { [FORM_TOKEN]: _token, ...form } = (body ?? {}) as Record<string, unknown>;
  return {
    params: parse(spec.params, request.params, "path"),
    query: parse(spec.query, request.query, "query"),
    form: parse(spec.form, form, "form"),
    get caller(): Caller {
      if (caller === undefined) throw new TidewaiterError("unauthenticated", "nobody is signed in here");
      return caller;
    },
    viewer: viewerOf(request),
    can: (wanted, tags) => caller !== undefined && parts.may(caller, wanted, tags),
    address: request.ip,
    cookie: (name) => readCookie(request.headers.cookie, name, isSecure(parts.web())),
  };
}

function viewerOf({ caller, formToken }: FastifyRequest): Viewer | undefined {
  return caller === undefined || formToken === undefined ? undefined : { name: caller.name, formToken };
}

function isSecure(web: string): boolean {
  return web.startsWith("https:");
}

function sendPage(reply: FastifyReply, answer: PageAnswer, web: string): FastifyReply {
  const cookies = (answer.cookies ?? []).map((change) => setCookie(change, isSecure(web)));
  if (cookies.length > 0) reply.header("set-cookie", cookies);
  // Of a form a browser should load the next page with GET (RFC 9110, 15.4.4).
  if ("redirect" in answer) return reply.headers(pageHeaders()).redirect(answer.redirect, 303);
  return reply
    .code(answer.status ?? 200)
    .headers(pageHeaders(answer.formAction))
    .type("text/html; charset=utf-8")
    .send(answer.html.toString());
}

/** Only our own files, nothing inline, no frames. */
function pageHeaders(formAction: readonly string[] = []): Record<string, string> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    ["form-action 'self'", ...formAction].join(" "),
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ];
  // With no referrer at all a browser says `Origin: null` with a form, and we could not tell whose it is.
  return { "content-security-policy": policy.join("; "), "referrer-policy": "same-origin" };
}

function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply, web: string): FastifyReply {
  const known = toKnown(error);
  if (known.code === "internal") request.log.error({ err: error }, "unexpected error");
  if (known.code === "unauthenticated" && request.routeOptions.config.access !== undefined) {
    const back = request.method === "GET" ? `?next=${encodeURIComponent(request.url)}` : "";
    return sendPage(reply, { redirect: `/sign-in${back}` }, web);
  }
  if (known.code === "step_up_required") {
    return sendPage(reply, { redirect: `${STEP_UP_PAGE}?next=${encodeURIComponent(pageOf(request))}` }, web);
  }
  const { status, title } = ERROR_CODES[known.code];
  const body = html`${notice("problem", known.detail)}${known.next !== undefined && html`<p>${known.next}</p>`}`;
  return sendPage(reply, { html: page({ title, viewer: viewerOf(request), body }), status }, web);
}

/** Where to come back to: this page or, of a form, the one that it stood on. */
function pageOf(request: FastifyRequest): string {
  if (request.method === "GET") return request.url;
  const from = URL.parse(request.headers.referer ?? "");
  return from === null ? "/" : nextPage(`${from.pathname}${from.search}`);
}
