import { TidewaiterError } from "@tidewaiter/core/errors";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Caller, LoginService } from "../features/login/service.ts";
import type { RouteAccess } from "../http/route.ts";
import { holds, holdsEverywhere, holdsOn, type Permission, type Scope } from "../permissions.ts";

/**
 * Who calls and whether they may, decided before the body is read; whether a role that is limited to some resources
 * reaches this one is decided by the route (http/route.ts). A route that does not declare its permission (or
 * that it is public) makes the start fail.
 */
export function addAccess(app: FastifyInstance, login: LoginService): void {
  app.decorateRequest("caller", undefined);
  app.addHook("onRoute", (options) => {
    if (options.config?.access === undefined) {
      throw new Error(`${String(options.method)} ${options.url} declares neither a permission nor that it is public`);
    }
  });
  app.addHook("onRequest", async (request) => {
    // An address that is not there has no route options of ours; it is answered with 404 to everybody.
    const access: RouteAccess | undefined = request.routeOptions.config.access;
    if (access === undefined || "public" in access) return;
    request.caller = await identify(request, login);
    if (!holds(request.caller.rights, access.permission)) {
      throw new TidewaiterError("permission_missing", `this needs the permission ${access.permission}`);
    }
  });
}

/** Everywhere, or on a resource with these tags. */
export function may({ rights }: Caller, permission: Permission, tags?: Scope): boolean {
  return tags === undefined ? holdsEverywhere(rights, permission) : holdsOn(rights, permission, tags);
}

async function identify(request: FastifyRequest, login: LoginService): Promise<Caller> {
  const token = /^Bearer ([A-Za-z0-9._~+/=-]+)$/i.exec(request.headers.authorization ?? "")?.[1];
  const result = token === undefined ? undefined : await login.caller(token, request.ip);
  if (result?.ok === true) return result.caller;
  throw new TidewaiterError("unauthenticated", "there is no valid access token", { next: "tw login" });
}
