import { TidewaiterError } from "@tidewaiter/core/errors";
import { z } from "zod";
import { type PageAnswer, type PageRoute, pageRoute } from "../../http/page-route.ts";
import type { Services } from "../../services.ts";
import { type Html, html } from "../../web/html.ts";
import { facts, formToken, notice, page, type Viewer } from "../../web/page.ts";
import { refOf } from "../principals/routes.ts";
import type { BrowserLoginView, DecisionOutcome } from "./browser-login-store.ts";
import { BROWSER_LOGIN_PATH, hashCode, hashToken } from "./browser-logins.ts";

const params = z.object({ token: z.string().regex(/^[\w-]{43}$/) });

/** Where somebody lets in a client that has no secret. */
export function browserLoginPages({ store }: Services): PageRoute[] {
  const { browserLogins } = store.units;
  const found = async (token: string): Promise<BrowserLoginView> => {
    const view = await browserLogins.view({ tokenHash: hashToken(token) });
    if (view !== undefined) return view;
    throw new TidewaiterError("not_found", "there is no connection that waits under this link", {
      next: "Connect again for a new link.",
    });
  };
  return [
    pageRoute({
      method: "GET",
      url: `${BROWSER_LOGIN_PATH}/:token`,
      access: { permission: "self.write" },
      params,
      async handle({ params, viewer, caller, address }) {
        return { html: questionPage({ login: await found(params.token), viewer, name: caller.name, address }) };
      },
    }),
    pageRoute({
      method: "POST",
      url: `${BROWSER_LOGIN_PATH}/:token`,
      access: { permission: "self.write" },
      params,
      form: z.object({
        decision: z.enum(["approve", "deny"]),
        code: z.string().max(40).default(""),
        covers: z.enum(["client", "connection"]).default("connection"),
      }),
      async handle({ params, form, viewer, caller, address }): Promise<PageAnswer> {
        if (caller.principal.kind !== "user") {
          throw new TidewaiterError("permission_missing", "only a person can let a connection in by browser");
        }
        const login = await found(params.token);
        const outcome = await browserLogins.decide({
          by: refOf(caller),
          signInId: caller.signInId,
          tokenHash: hashToken(params.token),
          codeHash: hashCode(params.token, form.code),
          approve: form.decision === "approve",
          covers: form.covers,
          browserAddress: address,
        });
        if (outcome.ok) return { html: donePage(login, outcome, viewer, caller.name) };
        if (outcome.reason === "wrong_code" && outcome.triesLeft > 0) {
          const problem = `That is not the code of this connection. ${tries(outcome.triesLeft)}`;
          return { html: questionPage({ login, viewer, name: caller.name, address, problem }), status: 400 };
        }
        return outcome.reason === "denied"
          ? { html: overPage("The connection was refused", "done", "It has been told so and ends now.", viewer) }
          : {
              html: overPage("The connection was not let in", "problem", REASONS[outcome.reason], viewer),
              status: 409,
            };
      },
    }),
  ];
}

const REASONS: Readonly<Record<Exclude<Extract<DecisionOutcome, { ok: false }>["reason"], "denied">, string>> = {
  gone: "It does not wait any more: it left, was decided about, or waited too long. Connect again for a new link.",
  no_access: "There is no such resource that you may reach.",
  not_offered: "This resource takes no logins by browser. Use a connection secret: tw connect RESOURCE",
  wrong_code: "The code was wrong five times. Connect again for a new link.",
};

function tries(left: number): string {
  return left === 1 ? "One try is left." : `${left} tries are left.`;
}

interface Question {
  readonly login: BrowserLoginView;
  readonly viewer: Viewer | undefined;
  readonly name: string;
  readonly address: string;
  readonly problem?: string;
}

function questionPage({ login, viewer, name, address, problem }: Question): Html {
  if (login.state !== "waiting") return overPage("Nothing waits here", "problem", REASONS.gone, viewer);
  const { clientAddress, clientPort, resourceName, application, expiresAt } = login;
  const title = `Let a connection in to ${resourceName}?`;
  const shown = facts([
    ["Resource", resourceName],
    ["Connection from", `${clientAddress}, port ${clientPort}`],
    ["Program, as it says", application ?? undefined],
    ["It gets in as", html`<strong>${name}</strong>, with all that you may do there`],
    ["It waits until", `${expiresAt.slice(11, 16)} UTC`],
  ]);
  const elsewhere = `The connection comes from ${clientAddress}, you from ${address}. If somebody sent you this link, refuse: the connection is theirs, and would act in your name.`;
  const body = html`
${problem !== undefined && notice("problem", problem)}
${shown}
${sameAddress(clientAddress, address) ? html`<p>Say yes only if you have just started this connection yourself. Nobody else has a reason to ask you for it.</p>` : notice("problem", elsewhere)}
<form class="stacked" method="post">
${viewer !== undefined && formToken(viewer)}
<label>Code that the connection shows <input class="code" name="code" autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="20" aria-describedby="code-hint"></label>
<span id="code-hint" class="quiet">Eight letters and digits, in the notice of psql or of the program that connects.</span>
${scope(login, sameAddress(clientAddress, address))}
<div class="actions"><button name="decision" value="approve">Let it in as ${name}</button>
<button class="danger" name="decision" value="deny">Refuse</button></div>
</form>`;
  return page({ title, viewer, body });
}

/** Of a connection from elsewhere only that one is offered first. */
function scope(login: BrowserLoginView, sameMachine: boolean): Html {
  const { clientAddress, resourceName, othersWaiting, coversSeconds, singleUse } = login;
  if (singleUse || coversSeconds === 0) return html`<p>This lets in one connection.</p>`;
  const waiting = othersWaiting === 0 ? "" : ` ${othersWaiting} more ${othersWaiting === 1 ? "waits" : "wait"} now.`;
  const all = html`<option value="client">All for ${inWords(coversSeconds)}</option>`;
  const one = html`<option value="connection">This connection only</option>`;
  return html`<label>What you allow <select name="covers" aria-describedby="covers-hint">
${sameMachine ? [all, one] : [one, all]}
</select></label>
<span id="covers-hint" class="quiet">All: every connection from ${clientAddress} to ${resourceName}, so that a program that opens many asks once.${waiting} Whoever else uses that address gets in as you as well: on a shared machine or network allow this connection only.</span>`;
}

function donePage(
  { clientAddress, resourceName }: BrowserLoginView,
  { connections, until }: Extract<DecisionOutcome, { ok: true }>,
  viewer: Viewer | undefined,
  name: string,
): Html {
  const what = connections === 1 ? "One connection is" : `${connections} connections are`;
  const body = html`${notice("done", `${what} let in to ${resourceName} as ${name}.`)}
<p>Good for new connections from ${clientAddress} until ${until.slice(11, 16)} UTC, as far as you allowed it. You can close this page.</p>
<p>To end it earlier, its sessions with it: <code>tw secrets list</code>, then <code>tw secrets revoke ID</code>.</p>`;
  return page({ title: "The connection is in", viewer, body });
}

function overPage(title: string, kind: "done" | "problem", text: string, viewer: Viewer | undefined): Html {
  return page({ title, viewer, body: html`${notice(kind, text)}<p>You can close this page.</p>` });
}

/** Loopback has more than one spelling. */
function sameAddress(one: string, other: string): boolean {
  const plain = (address: string) => address.replace(/^::ffff:/, "").replace(/^(::1|127\..*)$/, "loopback");
  return plain(one) === plain(other);
}

function inWords(seconds: number): string {
  if (seconds % 3600 === 0) return seconds === 3600 ? "an hour" : `${seconds / 3600} hours`;
  return seconds % 60 === 0 ? `${seconds / 60} minutes` : `${seconds} seconds`;
}
