import { TidewaiterError } from "@tidewaiter/core/errors";
import { z } from "zod";
import { type PageAnswer, type PageRoute, pageRoute } from "../../http/page-route.ts";
import type { Services } from "../../services.ts";
import { type Html, html } from "../../web/html.ts";
import { formToken, notice, page, type Viewer } from "../../web/page.ts";
import type { Caller } from "../login/service.ts";
import { recoveryCodesBody, totpBody } from "./enrolment-view.ts";
import { type FactorStatus, hasFactor } from "./factor.ts";
import { ANSWER_LIMIT } from "./passkeys.ts";

export const FACTORS_PAGE = "/account/second-factors";
/** A session that was left open is not enough to change factors. */
const FRESH = { withinMs: 10 * 60 * 1000 };

const passkeyName = z
  .string()
  .trim()
  .max(60)
  .transform((name) => name || "passkey");

/** A person's own second factors. */
export function factorAccountPages(services: Services): PageRoute[] {
  const { factors, enrolment, store, webSessions } = services;
  const change = { method: "POST", access: { permission: "self.write" } } as const;
  /** What a new factor proves holds for this session too; the first one brings recovery codes. */
  const added = async (caller: Caller, had: FactorStatus, call: { cookie: Cookie; viewer: Viewer | undefined }) => {
    const methods = ["mfa"];
    await store.units.factors.steppedUp({ signInId: caller.signInId ?? "", methods });
    const renewed = await webSessions.renew(call.cookie("tw_session") ?? "");
    const cookies = renewed === undefined ? [] : [{ name: "tw_session", value: renewed } as const];
    if (hasFactor(had)) return { redirect: FACTORS_PAGE, cookies };
    const body = recoveryCodesBody(await factors.newRecoveryCodes(caller.id), FACTORS_PAGE);
    // The form token of the old session would be stale in the frame.
    return { html: page({ title: "Recovery codes", body }), cookies };
  };
  return [
    pageRoute({
      method: "GET",
      url: FACTORS_PAGE,
      access: { permission: "self.read" },
      async handle({ caller, viewer }) {
        const status = await factors.status(caller.id);
        const body = overview(status, viewer, factors.site !== undefined);
        return { html: page({ title: "Second factors", viewer, body }) };
      },
    }),
    pageRoute({
      ...change,
      url: `${FACTORS_PAGE}/totp`,
      async handle({ caller, viewer }) {
        factors.requireStepUp(caller, FRESH);
        return totpPage(await enrolment.offerTotp(caller), viewer);
      },
    }),
    pageRoute({
      ...change,
      url: `${FACTORS_PAGE}/totp/confirm`,
      form: z.object({ code: z.string().max(20) }),
      async handle({ caller, form, viewer, cookie, address }): Promise<PageAnswer> {
        factors.requireStepUp(caller, FRESH);
        const had = await factors.status(caller.id);
        if (await factors.trying(caller.id, address, () => enrolment.confirmTotp(caller, form.code))) {
          return added(caller, had, { cookie, viewer });
        }
        const offered = await enrolment.offeredTotp(caller);
        if (offered === undefined) return { redirect: FACTORS_PAGE };
        return totpPage(offered, viewer, "That code does not fit. Is the clock of the telephone right?");
      },
    }),
    pageRoute({
      ...change,
      url: `${FACTORS_PAGE}/totp/remove`,
      async handle({ caller }) {
        factors.requireStepUp(caller, FRESH);
        await store.units.factors.removeTotp({ principalId: caller.id });
        return { redirect: FACTORS_PAGE };
      },
    }),
    pageRoute({
      ...change,
      url: `${FACTORS_PAGE}/passkeys/new`,
      async handle({ caller, viewer }) {
        factors.requireStepUp(caller, FRESH);
        const options = await enrolment.offerPasskey(siteOf(services), caller, caller.signInId ?? "");
        return { html: page({ title: "Add a passkey", viewer, body: newPasskeyBody(options, viewer) }) };
      },
    }),
    pageRoute({
      ...change,
      url: `${FACTORS_PAGE}/passkeys`,
      form: z.object({ name: passkeyName, attestation: z.string().max(ANSWER_LIMIT) }),
      async handle({ caller, form, viewer, cookie }): Promise<PageAnswer> {
        factors.requireStepUp(caller, FRESH);
        const had = await factors.status(caller.id);
        const given = { signInId: caller.signInId ?? "", name: form.name, answer: form.attestation };
        await enrolment.addPasskey(siteOf(services), caller, given);
        return added(caller, had, { cookie, viewer });
      },
    }),
    pageRoute({
      ...change,
      url: `${FACTORS_PAGE}/passkeys/remove`,
      form: z.object({ id: z.string().max(1400) }),
      async handle({ caller, form }) {
        factors.requireStepUp(caller, FRESH);
        await store.units.factors.removePasskey({ principalId: caller.id, id: form.id });
        return { redirect: FACTORS_PAGE };
      },
    }),
    pageRoute({
      ...change,
      url: `${FACTORS_PAGE}/recovery-codes`,
      async handle({ caller, viewer }): Promise<PageAnswer> {
        factors.requireStepUp(caller, FRESH);
        if (!hasFactor(await factors.status(caller.id))) return { redirect: FACTORS_PAGE };
        const body = recoveryCodesBody(await factors.newRecoveryCodes(caller.id), FACTORS_PAGE);
        return { html: page({ title: "Recovery codes", viewer, body }) };
      },
    }),
  ];
}

type Cookie = (name: "tw_session") => string | undefined;

function siteOf({ factors }: Services) {
  const { site } = factors;
  if (site !== undefined) return site;
  throw new TidewaiterError("bad_request", "browsers offer passkeys only at a named address over https");
}

function totpPage(offered: { secret: string; uri: string }, viewer: Viewer | undefined, problem?: string): PageAnswer {
  const form = { action: `${FACTORS_PAGE}/totp/confirm`, hidden: hiddenToken(viewer), problem };
  const body = totpBody(offered, form);
  return { html: page({ title: "Add an authenticator app", viewer, body }), status: problem === undefined ? 200 : 400 };
}

function newPasskeyBody(options: object, viewer: Viewer | undefined): Html {
  return html`<p>Your browser asks for a fingerprint, a PIN or a security key.</p>
<form class="stacked" method="post" action="${FACTORS_PAGE}/passkeys" data-passkey-create="${JSON.stringify(options)}">
${hiddenToken(viewer)}<input type="hidden" name="attestation">
<label>A name for it <input name="name" maxlength="60" placeholder="such as: blue security key"></label>
<button>Make the passkey</button>
<p class="notice problem" role="alert" hidden></p>
</form>`;
}

function overview(status: FactorStatus, viewer: Viewer | undefined, passkeysWork: boolean): Html {
  const { totp, passkeys, recoveryCodes } = status;
  const button = (path: string, text: string, more: Html | undefined = undefined, kind = "second") =>
    html`<form method="post" action="${FACTORS_PAGE}/${path}">${hiddenToken(viewer)}${more}<button class="${kind}">${text}</button></form>`;
  const rows = passkeys.map(({ id, name, createdAt, lastUsedAt }) => {
    const remove = button("passkeys/remove", "Remove", html`<input type="hidden" name="id" value="${id}">`, "danger");
    return html`<tr><td>${name}</td><td>${day(createdAt)}</td><td>${lastUsedAt === null ? "never" : day(lastUsedAt)}</td><td>${remove}</td></tr>`;
  });
  const table = html`<div class="scroll"><table><thead><tr><th scope="col">Name</th><th scope="col">Added</th><th scope="col">Used</th><th scope="col"><span class="quiet">Remove</span></th></tr></thead><tbody>${rows}</tbody></table></div>`;
  return html`
${!hasFactor(status) && notice("hint", "You have none. A passkey or an authenticator app keeps others out who learned your password.")}
<h2>Passkeys</h2>
${rows.length > 0 && table}
${passkeysWork ? button("passkeys/new", "Add a passkey") : html`<p class="quiet">Browsers offer passkeys only at a named address over https.</p>`}
<h2>Authenticator app</h2>
${totp === undefined ? button("totp", "Add an authenticator app") : html`<p>Added ${day(totp.since)}.</p>${button("totp/remove", "Remove the app", undefined, "danger")}`}
${hasFactor(status) && html`<h2>Recovery codes</h2><p>${recoveryCodes} left.</p>${button("recovery-codes", "Make new codes")}`}`;
}

function hiddenToken(viewer: Viewer | undefined): Html {
  return viewer === undefined ? html`` : formToken(viewer);
}

function day(instant: string): string {
  return instant.slice(0, 10);
}
