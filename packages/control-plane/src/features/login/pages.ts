import { TidewaiterError } from "@tidewaiter/core/errors";
import { z } from "zod";
import { type PageAnswer, type PageRoute, pageRoute } from "../../http/page-route.ts";
import type { Services } from "../../services.ts";
import { html } from "../../web/html.ts";
import { notice, page } from "../../web/page.ts";
import type { ProviderRow } from "../identity-providers/store.ts";
import { continueSignIn } from "../second-factors/sign-in-pages.ts";
import { nextPage } from "./next-page.ts";
import { MAX_PASSWORD } from "./password.ts";

const next = z.string().max(2000).optional();

/** Signing in and out in a browser. */
export function signInPages(services: Services): PageRoute[] {
  const { login, store } = services;
  return [
    pageRoute({
      method: "GET",
      url: "/sign-in",
      access: { public: true },
      query: z.object({ next }),
      handle: async ({ query }) => ({
        html: signInPage({ next: nextPage(query.next), providers: await store.units.identityProviders.list() }),
      }),
    }),
    pageRoute({
      method: "POST",
      url: "/sign-in",
      access: { public: true },
      form: z.object({ name: z.string().max(63), password: z.string().max(MAX_PASSWORD), next }),
      async handle({ form, address }): Promise<PageAnswer> {
        const { name, password } = form;
        const to = nextPage(form.next);
        try {
          const proven = await login.checkPassword(name, password, address);
          return await continueSignIn(services, proven, to);
        } catch (error) {
          if (!(error instanceof TidewaiterError)) throw error;
          if (error.code !== "unauthenticated" && error.code !== "rate_limited") throw error;
          const status = error.code === "unauthenticated" ? 401 : 429;
          const providers = await store.units.identityProviders.list();
          return { html: signInPage({ next: to, name, providers, problem: sentence(error) }), status };
        }
      },
    }),
    pageRoute({
      method: "POST",
      url: "/sign-out",
      access: { permission: "self.read" },
      async handle({ caller }) {
        await login.logout(caller);
        return { redirect: "/sign-in", cookies: [{ name: "tw_session", value: undefined }] };
      },
    }),
  ];
}

function sentence({ detail, next = "" }: TidewaiterError): string {
  return `${detail.charAt(0).toUpperCase()}${detail.slice(1)}. ${next}`.trim();
}

interface SignInPage {
  readonly next: string;
  readonly providers: readonly ProviderRow[];
  readonly name?: string;
  readonly problem?: string;
}

function signInPage({ next: to, name, providers, problem }: SignInPage) {
  const body = html`
${problem !== undefined && notice("problem", problem)}
${providers.length > 0 && providerLinks(providers, to)}
<form class="stacked" method="post" action="/sign-in">
<input type="hidden" name="next" value="${to}">
<label>Name <input name="name" value="${name}" autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength="63"></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required maxlength="${MAX_PASSWORD}"></label>
<button>Sign in</button>
</form>`;
  return page({ title: "Sign in", body });
}

/** Links and no forms: a form may not lead to another site (content security policy). */
function providerLinks(providers: readonly ProviderRow[], next: string) {
  const links = providers.map(({ name, settings }) => {
    const to = `/sign-in/${name}?${new URLSearchParams({ next })}`;
    return html`<li><a class="button" href="${to}">Continue with ${settings.title ?? name}</a></li>`;
  });
  return html`<ul class="choices">${links}</ul><h2>With a password</h2>`;
}
