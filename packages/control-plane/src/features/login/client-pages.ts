import { randomBytes } from "node:crypto";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { z } from "zod";
import { type PageAnswer, type PageRoute, pageRoute } from "../../http/page-route.ts";
import type { Services } from "../../services.ts";
import { type Html, html } from "../../web/html.ts";
import { facts, formToken, notice, page, type Viewer } from "../../web/page.ts";
import { clientName, hashUserCode } from "./client-routes.ts";
import type { AskedSignIn } from "./client-sign-ins.ts";
import { hashToken } from "./refresh-tokens.ts";
import type { Caller } from "./service.ts";

const typedCode = z.string().max(40);

/** What a command line opens a browser with (RFC 8252, section 7.3: any port of the loopback address). */
const loopback = z.object({
  port: z
    .string()
    .regex(/^\d{1,5}$/)
    .transform(Number)
    .pipe(z.int().min(1024).max(65_535)),
  state: z.string().regex(/^[A-Za-z0-9_-]{20,100}$/),
  challenge: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  client: clientName,
});

/** Where a person says yes to a command line that wants to sign in as them. */
export function clientSignInPages({ store, attempts }: Services): PageRoute[] {
  const { clientSignIns } = store.units;
  const find = (code: string, caller: Caller) => {
    // Codes are short: a person may try a few of them and no more.
    attempts.check(caller.id, "device code");
    return clientSignIns.findDevice({ userCodeHash: hashUserCode(code) });
  };
  return [
    pageRoute({
      method: "GET",
      url: "/device",
      access: { permission: "self.read" },
      query: z.object({ code: typedCode.optional() }),
      async handle({ query, caller, viewer }): Promise<PageAnswer> {
        if (query.code === undefined || query.code === "") return { html: codePage(viewer) };
        const asked = await find(query.code, caller);
        if (asked === undefined) return { html: codePage(viewer, UNKNOWN), status: 404 };
        attempts.succeeded(caller.id, "device code");
        return { html: devicePage(viewer, caller, { code: query.code, asked }) };
      },
    }),
    pageRoute({
      method: "POST",
      url: "/device",
      access: { permission: "self.read" },
      form: z.object({ code: typedCode, answer: z.enum(["yes", "no"]) }),
      async handle({ form, caller, viewer }): Promise<PageAnswer> {
        attempts.check(caller.id, "device code");
        const approve = form.answer === "yes";
        const by = { signInId: requireSignIn(caller), principalId: caller.id };
        const decided = await clientSignIns.decideDevice({ userCodeHash: hashUserCode(form.code), approve, ...by });
        if (!decided) return { html: codePage(viewer, UNKNOWN), status: 404 };
        attempts.succeeded(caller.id, "device code");
        const text = approve
          ? "The command line is signed in. You can close this page."
          : "The command line was refused.";
        return { html: page({ title: "Command line", viewer, body: notice(approve ? "done" : "hint", text) }) };
      },
    }),
    pageRoute({
      method: "GET",
      url: "/command-line",
      access: { permission: "self.read" },
      query: loopback,
      async handle({ query, caller, viewer }) {
        const fields = Object.entries(query).map(([name, value]) => hidden(name, String(value)));
        const body = html`<p>A command line on this computer wants to sign in as you.</p>
${facts([
  ["It calls itself", query.client],
  ["Signs in as", caller.name],
])}
${notice("hint", "Go on only if you just ran “tw login” here.")}
<form class="stacked" method="post" action="/command-line">${token(viewer)}${fields}<button>Sign it in</button></form>`;
        const answersTo = `http://127.0.0.1:${query.port}`;
        return { html: page({ title: "Sign in the command line?", viewer, body }), formAction: [answersTo] };
      },
    }),
    pageRoute({
      method: "POST",
      url: "/command-line",
      access: { permission: "self.read" },
      form: loopback,
      async handle({ form, caller, address }) {
        const code = `twc_${randomBytes(32).toString("base64url")}`;
        const { challenge, client, state, port } = form;
        const by = { signInId: requireSignIn(caller), principalId: caller.id };
        await clientSignIns.grantCode({ secretHash: hashToken(code), challenge, client, address, ...by });
        return { redirect: `http://127.0.0.1:${port}/callback?${new URLSearchParams({ code, state })}` };
      },
    }),
  ];
}

const UNKNOWN = "This code is not known, or no longer. Codes last ten minutes.";

function requireSignIn({ signInId, via }: Caller): string {
  if (signInId !== undefined && via === "web") return signInId;
  throw new TidewaiterError("permission_missing", "only a browser that is signed in can say yes");
}

function codePage(viewer: Viewer | undefined, problem?: string): Html {
  const body = html`${problem !== undefined && notice("problem", problem)}
<form class="stacked" method="get" action="/device">
<label>Code that the command line shows <input class="code" name="code" autocomplete="off" autocapitalize="characters" spellcheck="false" required maxlength="40" placeholder="XXXX-XXXX"></label>
<button>Continue</button>
</form>`;
  return page({ title: "Sign in a command line", viewer, body });
}

function devicePage(
  viewer: Viewer | undefined,
  caller: Caller,
  { code, asked }: { readonly code: string; readonly asked: AskedSignIn },
): Html {
  const body = html`<p>A command line somewhere else wants to sign in as you.</p>
${facts([
  ["It calls itself", asked.client],
  ["From address", asked.address],
  ["Asked at", `${asked.createdAt.slice(11, 16)} UTC`],
  ["Code", code.toUpperCase()],
  ["Signs in as", caller.name],
])}
${notice("hint", "Go on only if you started this yourself and the command line shows this very code. Whoever sent you a code would get in as you.")}
<form class="stacked" method="post" action="/device">${token(viewer)}${hidden("code", code)}
<div class="actions"><button name="answer" value="yes">Sign it in</button><button class="second" name="answer" value="no">Refuse</button></div>
</form>`;
  return page({ title: "Sign in a command line?", viewer, body });
}

function hidden(name: string, value: string): Html {
  return html`<input type="hidden" name="${name}" value="${value}">`;
}

function token(viewer: Viewer | undefined): Html | undefined {
  return viewer && formToken(viewer);
}
