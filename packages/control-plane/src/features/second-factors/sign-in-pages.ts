import { TidewaiterError } from "@tidewaiter/core/errors";
import { z } from "zod";
import { type PageAnswer, type PageRoute, pageRoute } from "../../http/page-route.ts";
import type { Services } from "../../services.ts";
import { html } from "../../web/html.ts";
import { notice, page } from "../../web/page.ts";
import { nextPage } from "../login/next-page.ts";
import { recoveryCodesBody, totpBody } from "./enrolment-view.ts";
import type { FirstProof } from "./factor.ts";
import { factorForms } from "./factor-form.ts";
import { ANSWER_LIMIT } from "./passkeys.ts";
import { PENDING_SECONDS } from "./service.ts";

const next = z.string().max(2000).optional();

export const factorProofForm = {
  code: z.string().max(20).optional(),
  recoveryCode: z.string().max(60).optional(),
  assertion: z.string().max(ANSWER_LIMIT).optional(),
};

/** What follows a right password in a browser: the second factor where there or required, else the session. */
export async function continueSignIn(services: Services, first: FirstProof, to: string): Promise<PageAnswer> {
  const need = await services.factors.need(first.principalId);
  if (need === "none") {
    const id = await services.webSessions.open(first);
    return { redirect: to, cookies: [{ name: "tw_session", value: id }] };
  }
  const pending = await services.factors.begin(first);
  const path = need === "ask" ? "/sign-in/factor" : "/sign-in/enrol";
  return {
    redirect: `${path}?next=${encodeURIComponent(to)}`,
    cookies: [{ name: "tw_factor", value: pending, maxAge: PENDING_SECONDS }],
  };
}

async function openSession({ webSessions }: Services, proven: FirstProof, to: string): Promise<PageAnswer> {
  return { redirect: to, cookies: await sessionCookies({ webSessions }, proven) };
}

async function sessionCookies({ webSessions }: Pick<Services, "webSessions">, proven: FirstProof) {
  const id = await webSessions.open(proven);
  return [
    { name: "tw_session", value: id },
    { name: "tw_factor", value: undefined },
  ] as const;
}

/** The second half of signing in, bound to the browser by a cookie of its own. */
export function factorSignInPages(services: Services): PageRoute[] {
  const { factors } = services;
  const askPage = async (pending: string | undefined, to: string, problem?: string): Promise<PageAnswer> => {
    const row = await factors.pending(pending);
    if (row === undefined || row.attemptsLeft <= 0) return startAgain(to);
    const hidden = html`<input type="hidden" name="next" value="${to}">`;
    const forms = await factorForms(services, row, { action: "/sign-in/factor", hidden, verb: "Sign in" });
    const body = html`${problem !== undefined && notice("problem", problem)}${forms}<p><a href="/sign-in">Start again</a></p>`;
    return { html: page({ title: "Second factor", body }), status: problem === undefined ? 200 : 401 };
  };
  return [
    pageRoute({
      method: "GET",
      url: "/sign-in/factor",
      access: { public: true },
      query: z.object({ next }),
      handle: ({ query, cookie }) => askPage(cookie("tw_factor"), nextPage(query.next)),
    }),
    pageRoute({
      method: "POST",
      url: "/sign-in/factor",
      access: { public: true },
      form: z.object({ ...factorProofForm, next }),
      async handle({ form, cookie, address }) {
        const to = nextPage(form.next);
        const pending = cookie("tw_factor");
        if (pending === undefined) return startAgain(to);
        try {
          return await openSession(services, await factors.finish(pending, form, address), to);
        } catch (error) {
          return askPage(pending, to, problemOf(error));
        }
      },
    }),
    ...enrolPages(services),
  ];
}

/** Where a factor is required, the first sign-in is where it is added. */
function enrolPages(services: Services): PageRoute[] {
  const { factors, enrolment, store } = services;
  const waiting = async (pending: string | undefined) => {
    const row = await factors.pending(pending);
    if (row === undefined || row.proven === null || (await factors.need(row.principalId)) !== "enrol") return undefined;
    const name = await store.units.principals.nameOf({ id: row.principalId });
    return name === undefined ? undefined : { id: row.principalId, name };
  };
  const show = (offered: { secret: string; uri: string }, to: string, problem?: string): PageAnswer => {
    const hidden = html`<input type="hidden" name="next" value="${to}">`;
    const body = html`<p>A second factor is required here, and you have none yet.</p>${totpBody(offered, { action: "/sign-in/enrol", hidden, problem })}`;
    return { html: page({ title: "Add a second factor", body }), status: problem === undefined ? 200 : 401 };
  };
  return [
    pageRoute({
      method: "GET",
      url: "/sign-in/enrol",
      access: { public: true },
      query: z.object({ next }),
      async handle({ query, cookie }) {
        const to = nextPage(query.next);
        const owner = await waiting(cookie("tw_factor"));
        return owner === undefined ? startAgain(to) : show(await enrolment.offerTotp(owner), to);
      },
    }),
    pageRoute({
      method: "POST",
      url: "/sign-in/enrol",
      access: { public: true },
      form: z.object({ code: z.string().max(20), next }),
      async handle({ form, cookie, address }) {
        const to = nextPage(form.next);
        const pending = cookie("tw_factor");
        const owner = await waiting(pending);
        const offered = owner && (await enrolment.offeredTotp(owner));
        if (pending === undefined || owner === undefined || offered === undefined) return startAgain(to);
        const proven = await factors.finishEnrolment(pending, address, () => enrolment.confirmTotp(owner, form.code));
        if (proven === undefined)
          return show(offered, to, "That code does not fit. Is the clock of the telephone right?");
        const codes = await factors.newRecoveryCodes(owner.id);
        const body = recoveryCodesBody(codes, to);
        return { html: page({ title: "Recovery codes", body }), cookies: await sessionCookies(services, proven) };
      },
    }),
  ];
}

function startAgain(to: string): PageAnswer {
  return {
    redirect: `/sign-in?next=${encodeURIComponent(to)}`,
    cookies: [{ name: "tw_factor", value: undefined }],
  };
}

/** For the person; anything else is an error of ours. */
export function problemOf(error: unknown): string {
  const known = error instanceof TidewaiterError ? error : undefined;
  if (known?.code !== "unauthenticated" && known?.code !== "rate_limited") throw error;
  const { detail, next: then = "" } = known;
  return `${detail.charAt(0).toUpperCase()}${detail.slice(1)}. ${then}`.trim();
}
