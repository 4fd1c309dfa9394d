import { TidewaiterError } from "@tidewaiter/core/errors";
import { z } from "zod";
import { type PageAnswer, type PageRoute, pageRoute } from "../../http/page-route.ts";
import type { Services } from "../../services.ts";
import { html } from "../../web/html.ts";
import { notice, page } from "../../web/page.ts";
import { network, REFUSALS_NOTED } from "../login/attempts.ts";
import { nextPage } from "../login/next-page.ts";
import { thingName } from "../shapes.ts";
import { verifyLogoutToken } from "./logout-token.ts";
import { subjectOf } from "./mapped-identity.ts";

const named = z.object({ name: thingName });
/** Whatever the provider says; the client library judges it. */
const answer = z.record(z.string(), z.string().max(8192));

/** Nothing can be guessed here, only much be begun: a whole office does so at nine o'clock. */
const BEGINNINGS = { burst: 200, refillMs: 500 };

/** The way to an identity provider and back. */
export function identityProviderPages(services: Services): PageRoute[] {
  const { providers, webSessions, attempts, store, oidcClients, now } = services;
  return [
    pageRoute({
      method: "GET",
      url: "/sign-in/:name",
      access: { public: true },
      params: named,
      query: z.object({ next: z.string().max(2000).optional() }),
      async handle({ params, query, address }): Promise<PageAnswer> {
        if (!attempts.take(`begin ${address}`, BEGINNINGS)) {
          throw new TidewaiterError("rate_limited", "too many sign-ins from your address", { next: "Wait a minute." });
        }
        const { cookie, url } = await providers.begin(params.name, nextPage(query.next));
        return { redirect: url.href, cookies: [{ name: "tw_pending", value: cookie, maxAge: 600 }] };
      },
    }),
    pageRoute({
      method: "GET",
      url: "/sign-in/:name/callback",
      access: { public: true },
      params: named,
      query: answer,
      async handle({ params, query, cookie, address }): Promise<PageAnswer> {
        const given = new URLSearchParams(query).toString();
        const result = await providers.finish(params.name, cookie("tw_pending"), given, address);
        const done = { name: "tw_pending", value: undefined } as const;
        if (!result.ok) return { html: refusedPage(params.name, result), status: 403, cookies: [done] };
        const session = await webSessions.open(result.proven);
        return { redirect: result.next, cookies: [done, { name: "tw_session", value: session }] };
      },
    }),
    pageRoute({
      method: "POST",
      url: "/sign-in/:name/back-channel-logout",
      access: { public: true },
      // The provider itself sends it; its signature is the proof.
      crossSite: true,
      params: named,
      form: z.object({ logout_token: z.string().max(20_000) }),
      async handle({ params, form, address }): Promise<PageAnswer> {
        const { name, settings } = await providers.requireOidc(params.name);
        const expected = { ...(await oidcClients.verifier(settings)), clientId: settings.clientId };
        const token = await verifyLogoutToken(form.logout_token, expected, now());
        const ended =
          token &&
          (await store.units.identityChecks.logout({
            provider: name,
            tokenHash: token.tokenHash,
            tokenExpiresAt: token.expiresAt,
            session: token.session,
            subject: subjectOf(settings, token.claims),
          }));
        if (ended === undefined) {
          if (attempts.take(`logout ${network(address)}`, REFUSALS_NOTED)) {
            await store.units.audit.append({ type: "identity_provider.logout_refused", data: { provider: name } });
          }
          return { html: html`the logout token is not accepted`, status: 400 };
        }
        return { html: html``, status: 200 };
      },
    }),
  ];
}

export function refusedPage(provider: string, { reason, next }: { readonly reason: string; readonly next: string }) {
  const again = `/sign-in/${provider}?${new URLSearchParams({ next })}`;
  const other = `/sign-in?${new URLSearchParams({ next })}`;
  const body = html`${notice("problem", `You were not signed in: ${reason}.`)}
<p class="actions"><a class="button" href="${again}">Try again</a> <a class="button second" href="${other}">Another way</a></p>`;
  return page({ title: "Not signed in", body });
}
