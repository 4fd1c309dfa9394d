import { TidewaiterError } from "@tidewaiter/core/errors";
import { escapeLines, escapeText } from "@tidewaiter/core/recording/escape-text";
import { z } from "zod";
import { type PageCall, type PageRoute, pageRoute } from "../../http/page-route.ts";
import type { Services } from "../../services.ts";
import { type Html, html } from "../../web/html.ts";
import { facts, formToken, notice, page, type Viewer } from "../../web/page.ts";
import type { Caller } from "../login/service.ts";
import { requirePresence } from "../second-factors/require-presence.ts";
import { idPath } from "../shapes.ts";
import { concerns, findReviewFor, isAsked, readReview } from "./read-review.ts";
import type { ReviewRow } from "./store.ts";
import { askedText, remaining, rowsText, stateText, utc } from "./words.ts";

const decisionForm = z.object({
  decision: z.enum(["approve", "reject"]),
  comment: z.string().trim().max(500).default(""),
});

const RECENT = 20;

/** Where reviewers decide. `/r/SHORTID` is the address that a waiting client prints and that notifications lead to. */
export function reviewPages(services: Services): PageRoute[] {
  return [
    pageRoute({
      method: "GET",
      url: "/reviews",
      access: { permission: "reviews.list" },
      scoped: true,
      async handle({ caller, viewer, can }) {
        const body = html`<div data-live="/reviews/waiting">${await waitingPart(services, caller, can)}</div>`;
        return { html: page({ title: "Reviews", viewer, body, wide: true }) };
      },
    }),
    pageRoute({
      method: "GET",
      url: "/reviews/waiting",
      access: { permission: "reviews.list" },
      scoped: true,
      handle: async ({ caller, can }) => ({ html: await waitingPart(services, caller, can) }),
    }),
    pageRoute({
      method: "GET",
      url: "/r/:id",
      access: { permission: "reviews.list" },
      scoped: true,
      params: idPath,
      handle: async (call) => ({ html: await reviewPage(services, call.params.id, call) }),
    }),
    pageRoute({
      method: "GET",
      url: "/r/:id/state",
      access: { permission: "reviews.list" },
      scoped: true,
      params: idPath,
      handle: async (call) => ({
        html: statePart(await findReviewFor(services, call.params.id, call), services.now()),
      }),
    }),
    pageRoute({
      method: "POST",
      url: "/r/:id",
      access: { permission: "reviews.decide" },
      scoped: true,
      params: idPath,
      form: decisionForm,
      async handle(call) {
        const { params, form, caller } = call;
        const row = await findReviewFor(services, params.id, call);
        if (form.decision === "approve") await requirePresence(services, caller, { ids: [row.resourceId] });
        try {
          const reviewer = { id: caller.id, name: caller.name, roles: caller.roles };
          await services.store.units.reviews.decide({ id: row.id, reviewer, ...form });
          return { redirect: `/r/${row.shortId}` };
        } catch (error) {
          if (!(error instanceof TidewaiterError)) throw error;
          if (error.code !== "conflict" && error.code !== "permission_missing") throw error;
          const status = error.code === "conflict" ? 409 : 403;
          return { html: await reviewPage(services, row.id, call, error.detail), status };
        }
      },
    }),
  ];
}

type Looking = Pick<PageCall<unknown, unknown, unknown>, "caller" | "viewer" | "can">;

async function waitingPart(services: Services, caller: Caller, can: Looking["can"]): Promise<Html> {
  const all = await services.store.units.reviews.list({ limit: 200 });
  const rows = all.filter((row) => can("reviews.read_all") || concerns(row, caller));
  const waiting = rows.filter(({ state }) => state === "pending");
  const yours = waiting.filter(
    (row) => isAsked(row, caller) && row.principalId !== caller.id && row.ownerId !== caller.id,
  );
  const others = waiting.filter((row) => !yours.includes(row));
  const done = rows.filter(({ state }) => state !== "pending").slice(0, RECENT);
  const now = services.now();
  return html`
${yours.length > 0 ? table("Waiting for you", yours, now) : html`<h2>Waiting for you</h2><p>Nothing waits for you.</p>`}
${others.length > 0 && table("Waiting for others", others, now)}
${done.length > 0 && table("Lately", done, now)}`;
}

function table(title: string, rows: readonly ReviewRow[], now: number): Html {
  const line = (row: ReviewRow) => html`<tr>
<td><a href="/r/${row.shortId}">${row.shortId}</a></td>
<td>${row.principalName}</td>
<td>${row.resourceName}</td>
<td>${row.summary}</td>
<td>${row.state === "pending" ? `ends ${remaining(row.expiresAt, now)}` : row.state}</td>
</tr>`;
  return html`<section><h2>${title}</h2><div class="scroll" tabindex="0" role="region" aria-label="${title}"><table>
<thead><tr><th scope="col">Review</th><th scope="col">Asked by</th><th scope="col">Resource</th><th scope="col">What</th><th scope="col">State</th></tr></thead>
<tbody>${rows.map(line)}</tbody>
</table></div></section>`;
}

async function reviewPage(services: Services, id: string, looking: Looking, problem?: string): Promise<Html> {
  const { row, statement, parameters } = await readReview(services, id, looking);
  const { ownerName } = await services.store.units.sessions.get({ id: row.sessionId });
  const { caller, viewer } = looking;
  const asker = ownerName === null ? row.principalName : `${row.principalName}, an AI agent of ${ownerName}`;
  const body = html`
${problem !== undefined && notice("problem", problem)}
<div data-live="/r/${row.shortId}/state">${statePart(row, services.now())}</div>
<h2>The statement</h2>
<pre tabindex="0"><code>${escapeLines(statement).join("\n")}</code></pre>
${parameters.length > 0 && html`<h2>Its parameters</h2>${parameterList(parameters)}`}
<h2>About it</h2>
${facts([
  ["Asked by", asker],
  ["On", row.resourceName],
  ["Policy", `${row.reason} [${row.ruleId}]`],
  ["Touches", row.summary],
  ["Labels", row.labels.join(", ")],
  ["Rows", rowsText(row.estimatedRows)],
  [
    "Transaction",
    row.inTransaction ? "It is inside one, which holds its locks until this is decided." : "Not inside one.",
  ],
  ["Waits", row.mode === "hold" ? "In the client, now." : "Not: it was refused, and passes once when it is repeated."],
  ["Asked", askedText(row.askedOf)],
  ["Needs", row.count === 1 ? "1 person" : `${row.count} people`],
  ["Since", utc(row.requestedAt)],
])}
${viewer !== undefined && decidePart(row, caller, viewer)}`;
  return page({ title: `${asker} asks to run 1 statement on ${row.resourceName}`, viewer, body, wide: true });
}

/** Asked for again by the page's script, so it holds nothing that is audited. */
function statePart(row: ReviewRow, now: number): Html {
  const open = row.state === "pending" || row.state === "approved";
  return html`<p class="state" role="status" data-state="${row.state}">${stateText(row)}</p>
<p>${open && html`Ends ${remaining(row.expiresAt, now)} (${utc(row.expiresAt)}).`}</p>
<ul>${row.decisions.map(
    ({ reviewer, decision, comment, at }) =>
      html`<li>${decision === "approve" ? "Approved" : "Rejected"} by ${reviewer}, ${utc(at)}${comment !== "" && `: "${escapeText(comment)}"`}</li>`,
  )}</ul>`;
}

function parameterList(parameters: readonly string[]): Html {
  const items = parameters.map(
    (value, index) => html`<div><dt>$${index + 1}</dt><dd><code>${escapeText(value)}</code></dd></div>`,
  );
  return html`<dl class="facts">${items}</dl>`;
}

function decidePart(row: ReviewRow, caller: Caller, viewer: Viewer): Html {
  if (row.state !== "pending") return html``;
  const own = row.principalId === caller.id || row.ownerId === caller.id;
  if (own) return notice("hint", "You asked for this yourself, or your AI agent did: another person decides.");
  if (!isAsked(row, caller)) return notice("hint", `You may look. This asks ${askedText(row.askedOf)}.`);
  if (row.decisions.some(({ reviewer }) => reviewer === caller.name)) {
    return notice("hint", "You have decided; another person is needed.");
  }
  return html`<section data-only-while="pending" aria-labelledby="decide">
<h2 id="decide">Your decision</h2>
<p>Your approval is for exactly this statement, once.</p>
<form class="stacked decide" method="post" action="/r/${row.shortId}">${formToken(viewer)}
<label>Comment, told to who asked and recorded <textarea name="comment" maxlength="500" rows="2"></textarea></label>
<div class="choices"><button name="decision" value="approve">Approve</button>
<button class="refuse" name="decision" value="reject">Reject</button></div>
</form></section>`;
}
