import { type Html, html } from "../../web/html.ts";
import { notice } from "../../web/page.ts";
import type { OfferedTotp } from "./enrolment.ts";
import { qrCode } from "./qr-code.ts";

interface TotpForm {
  readonly action: string;
  readonly hidden: Html;
  readonly problem?: string | undefined;
}

/** The secret of an authenticator app, as a picture and as text, and the field for its first code. */
export function totpBody({ secret, uri }: OfferedTotp, { action, hidden, problem }: TotpForm): Html {
  return html`
${problem !== undefined && notice("problem", problem)}
<p>Scan this with an authenticator app, or type the key into it. Then write the code that it shows.</p>
${qrCode(uri, "QR code of the key below")}
<p>Key: <code>${secret.replace(/(.{4})(?=.)/g, "$1 ")}</code></p>
<form class="stacked" method="post" action="${action}">
${hidden}
<label>Code <input class="code" name="code" inputmode="numeric" autocomplete="one-time-code" required pattern="[0-9 ]{6,7}" maxlength="7"></label>
<button>Add the app</button>
</form>`;
}

/** Shown once. */
export function recoveryCodesBody(codes: readonly string[], to: string): Html {
  return html`
${notice("hint", "Keep these codes where you find them without this device. Each signs you in once in place of the second factor. They are not shown again.")}
<pre>${codes.join("\n")}</pre>
<p><a class="button" href="${to}">I have kept them</a></p>`;
}
