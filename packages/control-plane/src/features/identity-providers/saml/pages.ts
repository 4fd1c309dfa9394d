import { z } from "zod";
import { type PageAnswer, type PageRoute, pageRoute } from "../../../http/page-route.ts";
import { type Route, route } from "../../../http/route.ts";
import type { Services } from "../../../services.ts";
import { html } from "../../../web/html.ts";
import { page } from "../../../web/page.ts";
import { thingName } from "../../shapes.ts";
import { refusedPage } from "../pages.ts";
import { RESPONSE_LIMIT } from "./guard-response.ts";

const named = z.object({ name: thingName });
const answer = z.object({ SAMLResponse: z.string().max(RESPONSE_LIMIT), RelayState: z.string().max(500).optional() });

/**
 * The way back from a SAML provider, in two steps: the provider's page posts from its own site, where a browser sends no
 * cookie of ours along; our page posts the same again, with the cookie that shows whose browser it is.
 */
export function samlPages({ providers, webSessions, attempts }: Services): PageRoute[] {
  return [
    pageRoute({
      method: "POST",
      url: "/sign-in/:name/saml",
      access: { public: true },
      crossSite: true,
      params: named,
      form: answer,
      async handle({ params, form }): Promise<PageAnswer> {
        const body = html`<form class="stacked" method="post" action="/sign-in/${params.name}/saml/finish" data-send>
<input type="hidden" name="SAMLResponse" value="${form.SAMLResponse}">
<button>Go on</button>
</form>`;
        return { html: page({ title: "Signing in", body }) };
      },
    }),
    pageRoute({
      method: "POST",
      url: "/sign-in/:name/saml/finish",
      access: { public: true },
      params: named,
      form: answer,
      async handle({ params, form, cookie, address }): Promise<PageAnswer> {
        attempts.check(address, `provider ${params.name}`);
        const result = await providers.finishSaml(params.name, cookie("tw_pending"), form.SAMLResponse, address);
        const done = { name: "tw_pending", value: undefined } as const;
        if (!result.ok) return { html: refusedPage(params.name, result), status: 403, cookies: [done] };
        attempts.succeeded(address, `provider ${params.name}`);
        const session = await webSessions.open(result.proven);
        return { redirect: result.next, cookies: [done, { name: "tw_session", value: session }] };
      },
    }),
  ];
}

export function samlRoutes({ providers }: Services): Route[] {
  return [
    route({
      method: "GET",
      url: "/v1/identity-providers/:name/saml-metadata",
      summary: "Our SAML metadata, for the provider's administrator",
      access: { public: true },
      params: named,
      response: z.string(),
      produces: "application/samlmetadata+xml",
      handle: ({ params }) => providers.samlMetadata(params.name),
    }),
  ];
}
