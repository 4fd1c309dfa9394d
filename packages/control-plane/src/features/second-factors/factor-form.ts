import type { Services } from "../../services.ts";
import { type Html, html } from "../../web/html.ts";
import { type FactorStatus, hasFactor } from "./factor.ts";
import type { ChallengeRow } from "./store.ts";

export interface FactorForm {
  /** Where the answers are sent. */
  readonly action: string;
  /** Hidden fields: the token of the session, and where to go afterwards. */
  readonly hidden: Html;
  /** The button, in words of what is done by it. */
  readonly verb: string;
}

/** The ways to prove a second factor that this person has, each a form of its own; the easiest stands first. */
export async function factorForms(
  { factors }: Services,
  row: ChallengeRow,
  { action, hidden, verb }: FactorForm,
): Promise<Html> {
  const status = await factors.status(row.principalId);
  const options = await factors.passkeyOptions(row, status);
  return html`
${options !== undefined && passkeyForm({ action, hidden, verb }, options)}
${status.totp !== undefined && codeForm({ action, hidden, verb })}
${status.recoveryCodes > 0 && hasFactor(status) && recoveryForm({ action, hidden, verb }, status)}
${options === undefined && status.passkeys.length > 0 && html`<p class="quiet">Passkeys work at the address that this server has in its settings, over https.</p>`}`;
}

function passkeyForm({ action, hidden, verb }: FactorForm, options: object): Html {
  return html`<form class="stacked" method="post" action="${action}" data-passkey-get="${JSON.stringify(options)}">
${hidden}<input type="hidden" name="assertion">
<button>${verb} with a passkey</button>
<p class="notice problem" role="alert" hidden></p>
</form>`;
}

function codeForm({ action, hidden, verb }: FactorForm): Html {
  return html`<form class="stacked" method="post" action="${action}">
${hidden}
<label>Code of your authenticator app <input class="code" name="code" inputmode="numeric" autocomplete="one-time-code" required pattern="[0-9 ]{6,7}" maxlength="7"></label>
<button>${verb} with the code</button>
</form>`;
}

function recoveryForm({ action, hidden, verb }: FactorForm, { recoveryCodes }: FactorStatus): Html {
  return html`<details><summary>I have neither at hand</summary>
<form class="stacked" method="post" action="${action}">
${hidden}
<label>Recovery code (${recoveryCodes} left; each works once) <input name="recoveryCode" autocomplete="off" spellcheck="false" autocapitalize="none" required maxlength="40"></label>
<button class="second">${verb} with a recovery code</button>
</form></details>`;
}
