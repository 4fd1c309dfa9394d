import { TidewaiterError } from "@tidewaiter/core/errors";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Endpoints } from "../deps.ts";
import type { Caller, LoginService } from "../features/login/service.ts";
import { readCookie } from "../features/web-session/cookie.ts";
import type { WebSessions } from "../features/web-session/service.ts";
import type { RouteAccess } from "../http/route.ts";
import { holds, holdsEverywhere, holdsOn, type Permission, type Scope } from "../permissions.ts";
import { requireSameOrigin } from "./same-origin.ts";

export interface AccessParts {
  readonly login: Pick<LoginService, "caller">;
  readonly webSessions: Pick<WebSessions, "find">;
  readonly deps: { readonly endpoints: () => Pick<Endpoints, "web"> };
}

/**
 * Who calls and whether they may, decided before the body is read; whether a role that is limited to some resources
 * reaches this one is decided by the route (http/route.ts). A route that does not declare its permission (or
 * that it is public) makes the start fail.
 */
export function addAccess(app: FastifyInstance, parts: AccessParts): void {
  app.decorateRequest("caller", undefined);
  app.decorateRequest("formToken", undefined);
  app.addHook("onRoute", (options) => {
    if (options.config?.access === undefined) {
      throw new Error(`${String(options.method)} ${options.url} declares neither a permission nor that it is public`);
    }
  });
  app.addHook("onRequest", async (request) => {
    // An address that is not there has no route options of ours; it is answered with 404 to everybody.
    const access: RouteAccess | undefined = request.routeOptions.config.access;
    if (access === undefined || "public" in access || "scim" in access) return;
    request.caller = await identify(request, parts);
    if (!holds(request.caller.rights, access.permission)) {
      throw new TidewaiterError("permission_missing", `this needs the permission ${access.permission}`);
    }
  });
}

/** Everywhere, or on a resource with these tags. */
export function may({ rights }: Caller, permission: Permission, tags?: Scope): boolean {
  return tags === undefined ? holdsEverywhere(rights, permission) : holdsOn(rights, permission, tags);
}

/** By an access token or, for a browser, by its session. A request that gives a token is judged by that alone. */
async function identify(request: FastifyRequest, parts: AccessParts): Promise<Caller> {
  const { authorization, cookie } = request.headers;
  if (authorization === undefined && cookie !== undefined) return identifyBrowser(request, parts);
  const token = /^Bearer ([A-Za-z0-9._~+/=-]+)$/i.exec(authorization ?? "")?.[1];
  const result = token === undefined ? undefined : await parts.login.caller(token, request.ip);
  if (result?.ok === true) return result.caller;
  throw new TidewaiterError("unauthenticated", "there is no valid access token", { next: "tw login" });
}

async function identifyBrowser(request: FastifyRequest, parts: AccessParts): Promise<Caller> {
  const { web } = parts.deps.endpoints();
  const id = readCookie(request.headers.cookie, "tw_session", web.startsWith("https:"));
  const found = id === undefined ? undefined : await parts.webSessions.find(id);
  if (found === undefined)
    throw new TidewaiterError("unauthenticated", "nobody is signed in here", { next: "tw login" });
  requireSameOrigin(request, web);
  request.formToken = found.formToken;
  return found.caller;
}
