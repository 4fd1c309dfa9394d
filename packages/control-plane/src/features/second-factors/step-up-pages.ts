import { z } from "zod";
import { type PageAnswer, type PageRoute, pageRoute } from "../../http/page-route.ts";
import type { Services } from "../../services.ts";
import { type Html, html } from "../../web/html.ts";
import { formToken, notice, page, type Viewer } from "../../web/page.ts";
import { nextPage } from "../login/next-page.ts";
import { MAX_PASSWORD } from "../login/password.ts";
import type { Caller } from "../login/service.ts";
import { hasFactor } from "./factor.ts";
import { factorForms } from "./factor-form.ts";
import { STEP_UP_PAGE } from "./require-step-up.ts";
import { factorProofForm, problemOf } from "./sign-in-pages.ts";

const next = z.string().max(2000).optional();
const linkId = z
  .string()
  .regex(/^[\w-]{43}$/)
  .optional();

interface Asked {
  readonly caller: Caller;
  readonly viewer: Viewer | undefined;
  readonly to: string;
  /** Of a terminal that waits for it. */
  readonly link: string | undefined;
  readonly problem?: string;
}

/** Proving once more who one is: for the session of this browser, and for a terminal that gave a link here. */
export function stepUpPages(services: Services): PageRoute[] {
  const { factors, stepUpLinks, store, webSessions } = services;
  const show = async ({ caller, viewer, to, link, problem }: Asked): Promise<PageAnswer> => {
    const asked = link === undefined ? undefined : await stepUpLinks.find(link, caller.id);
    if (link !== undefined && asked === undefined) return linkGone(viewer);
    const hidden = html`${viewer !== undefined && formToken(viewer)}<input type="hidden" name="next" value="${to}">${link !== undefined && html`<input type="hidden" name="link" value="${link}">`}`;
    const body = html`
${problem !== undefined && notice("problem", problem)}
${asked !== undefined && notice("hint", `A terminal at ${asked.address} waits for this. Go on only if you started it just now.`)}
${await ways(services, caller, hidden)}`;
    return { html: page({ title: "Is it you?", viewer, body }), status: problem === undefined ? 200 : 401 };
  };
  return [
    pageRoute({
      method: "GET",
      url: STEP_UP_PAGE,
      access: { permission: "self.read" },
      query: z.object({ next, link: linkId }),
      handle: ({ caller, viewer, query }) => show({ caller, viewer, to: nextPage(query.next), link: query.link }),
    }),
    pageRoute({
      method: "POST",
      url: STEP_UP_PAGE,
      access: { permission: "self.write" },
      form: z.object({ ...factorProofForm, password: z.string().max(MAX_PASSWORD).optional(), next, link: linkId }),
      async handle({ caller, viewer, form, address, cookie }): Promise<PageAnswer> {
        const to = nextPage(form.next);
        const { link } = form;
        let methods: readonly string[];
        try {
          methods = await factors.prove(caller, form, address);
        } catch (error) {
          return show({ caller, viewer, to, link, problem: problemOf(error) });
        }
        await store.units.factors.steppedUp({ signInId: caller.signInId ?? "", methods });
        const done = link === undefined || (await stepUpLinks.complete(link, caller.id, methods));
        const renewed = await webSessions.renew(cookie("tw_session") ?? "");
        const cookies = renewed === undefined ? [] : [{ name: "tw_session", value: renewed } as const];
        if (link === undefined) return { redirect: to, cookies };
        const text = done
          ? "Done. Go back to the terminal."
          : "The link is out of date; the terminal was told nothing.";
        const body = notice(done ? "done" : "problem", text);
        return { html: page({ title: "Is it you?", body }), cookies };
      },
    }),
  ];
}

async function ways(services: Services, caller: Caller, hidden: Html): Promise<Html> {
  const { factors } = services;
  if (hasFactor(await factors.status(caller.id))) {
    const row = await factors.question(caller);
    return factorForms(services, row, { action: STEP_UP_PAGE, hidden, verb: "Go on" });
  }
  if (caller.provider !== "local") {
    return html`<p>You have no second factor here. <a href="/account/second-factors">Add one</a>, or sign out and sign in again at ${caller.provider}.</p>`;
  }
  return html`<form class="stacked" method="post" action="${STEP_UP_PAGE}">
${hidden}
<label>Password <input name="password" type="password" autocomplete="current-password" required maxlength="${MAX_PASSWORD}"></label>
<button>Go on</button>
</form>
<p class="quiet">A passkey is quicker and safer: <a href="/account/second-factors">add one</a>.</p>`;
}

function linkGone(viewer: Viewer | undefined): PageAnswer {
  const body = notice("problem", "This link is out of date, or belongs to another person.");
  return { html: page({ title: "Is it you?", viewer, body }), status: 404 };
}
