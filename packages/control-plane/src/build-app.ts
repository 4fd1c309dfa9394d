import Fastify, { type FastifyInstance } from "fastify";
import { accessRoutes } from "./features/access/routes.ts";
import { accessRequestRoutes } from "./features/access-requests/routes.ts";
import { agentRoutes } from "./features/agents/routes.ts";
import { apiKeyRoutes } from "./features/api-keys/routes.ts";
import { applyRoutes } from "./features/apply/routes.ts";
import { auditRoutes } from "./features/audit/routes.ts";
import { budgetRoutes } from "./features/budgets/routes.ts";
import { certificateRoutes } from "./features/certificates/routes.ts";
import { changeRequestRoutes } from "./features/change-requests/routes.ts";
import { credentialRoutes } from "./features/credentials/routes.ts";
import { delegationRoutes } from "./features/delegation/routes.ts";
import { emergencyRoutes } from "./features/emergency/routes.ts";
import { federationRoutes } from "./features/federation/routes.ts";
import { registerTokenEndpoint } from "./features/federation/token-endpoint.ts";
import { grantRoutes } from "./features/grants/routes.ts";
import { groupRoutes } from "./features/groups/routes.ts";
import { healthRoutes } from "./features/health/routes.ts";
import { identityProviderPages } from "./features/identity-providers/pages.ts";
import { identityProviderRoutes } from "./features/identity-providers/routes.ts";
import { samlPages, samlRoutes } from "./features/identity-providers/saml/pages.ts";
import { labelRoutes } from "./features/labels/routes.ts";
import { clientSignInPages } from "./features/login/client-pages.ts";
import { clientSignInRoutes } from "./features/login/client-routes.ts";
import { homePages } from "./features/login/home-page.ts";
import { signInPages } from "./features/login/pages.ts";
import { loginRoutes } from "./features/login/routes.ts";
import { notificationPages } from "./features/notifications/pages.ts";
import { notificationRoutes } from "./features/notifications/routes.ts";
import { policyRoutes } from "./features/policies/routes.ts";
import { principalRoutes } from "./features/principals/routes.ts";
import { recordingRoutes } from "./features/recordings/routes.ts";
import { resourceRoutes } from "./features/resources/routes.ts";
import { reviewPages } from "./features/reviews/pages.ts";
import { reviewRoutes } from "./features/reviews/routes.ts";
import { roleRoutes } from "./features/roles/routes.ts";
import { addScim } from "./features/scim/routes.ts";
import { scimTokenRoutes } from "./features/scim/token-routes.ts";
import { factorAccountPages } from "./features/second-factors/account-pages.ts";
import { secondFactorRoutes } from "./features/second-factors/routes.ts";
import { factorSignInPages } from "./features/second-factors/sign-in-pages.ts";
import { stepUpPages } from "./features/second-factors/step-up-pages.ts";
import { browserLoginPages } from "./features/secrets/pages.ts";
import { secretRoutes } from "./features/secrets/routes.ts";
import { sessionRoutes } from "./features/sessions/routes.ts";
import { watchRoutes } from "./features/watches/routes.ts";
import { registerAssets } from "./http/assets-route.ts";
import { loggedRequest } from "./http/log-request.ts";
import { type PageRoute, registerPages } from "./http/page-route.ts";
import { type Route, register } from "./http/route.ts";
import { openApiDocument } from "./openapi/document.ts";
import { addAccess, may } from "./plugins/access.ts";
import { addProblems } from "./plugins/problems.ts";
import { addSecurityHeaders } from "./plugins/security-headers.ts";
import type { Services } from "./services.ts";

/** All routes there are, in the order of the document. */
export function allRoutes(services: Services): readonly Route[] {
  const routes = [
    ...healthRoutes(services),
    ...loginRoutes(services),
    ...secondFactorRoutes(services),
    ...clientSignInRoutes(services),
    ...principalRoutes(services),
    ...identityProviderRoutes(services),
    ...groupRoutes(services),
    ...roleRoutes(services),
    ...scimTokenRoutes(services),
    ...samlRoutes(services),
    ...resourceRoutes(services),
    ...labelRoutes(services),
    ...credentialRoutes(services),
    ...grantRoutes(services),
    ...accessRoutes(services),
    ...accessRequestRoutes(services),
    ...changeRequestRoutes(services),
    ...emergencyRoutes(services),
    ...policyRoutes(services),
    ...applyRoutes(services),
    ...agentRoutes(services),
    ...apiKeyRoutes(services),
    ...delegationRoutes(services),
    ...federationRoutes(services),
    ...secretRoutes(services),
    ...certificateRoutes(services),
    ...sessionRoutes(services),
    ...recordingRoutes(services),
    ...watchRoutes(services),
    ...reviewRoutes(services),
    ...notificationRoutes(services),
    ...budgetRoutes(services),
    ...auditRoutes(services),
  ];
  return routes;
}

/** All pages there are; the same rules of access hold for them. */
export function allPages(services: Services): readonly PageRoute[] {
  return [
    ...signInPages(services),
    ...identityProviderPages(services),
    ...clientSignInPages(services),
    ...samlPages(services),
    ...homePages(services),
    ...reviewPages(services),
    ...browserLoginPages(services),
    ...factorSignInPages(services),
    ...factorAccountPages(services),
    ...stepUpPages(services),
    ...notificationPages(services),
  ];
}

/** The API, not listening: tests call it by `inject`. */
export async function buildApp(services: Services, extra: readonly Route[] = []): Promise<FastifyInstance> {
  const { log, logLevel, trustedProxies } = services.deps;
  const app = Fastify({
    logger:
      log === undefined
        ? false
        : {
            stream: log,
            level: logLevel ?? "info",
            redact: ["req.headers.authorization"],
            serializers: { req: loggedRequest },
          },
    bodyLimit: 64 * 1024,
    trustProxy: trustedProxies === undefined ? false : [...trustedProxies],
    requestTimeout: 30_000,
    routerOptions: { maxParamLength: 200 },
    // HEAD would be routes that nobody declared.
    exposeHeadRoutes: false,
    return503OnClosing: true,
  });
  app.removeContentTypeParser("text/plain");
  addProblems(app);
  addSecurityHeaders(app);
  addAccess(app, services);
  const routes = [...allRoutes(services), ...extra];
  const tagsOf = (name: string) => services.store.units.resources.tagsOf({ name });
  for (const route of routes) register(app, route, { may, tagsOf });
  await registerTokenEndpoint(app, services);
  registerAssets(app);
  await registerPages(app, allPages(services), { may, tagsOf, web: () => services.deps.endpoints().web });
  await addScim(app, services);
  app.get("/v1/openapi.json", { config: { access: { public: true } } }, async () => openApiDocument(routes));
  await app.ready();
  return app;
}
