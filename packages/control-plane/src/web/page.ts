import { assetUrl } from "./assets.ts";
import { type Html, html } from "./html.ts";

/** Who looks at the page, and the token of the forms that they are given. */
export interface Viewer {
  readonly name: string;
  readonly formToken: string;
}

export interface PageParts {
  /** In words of its reader; stands in the tab and as the heading. */
  readonly title: string;
  /** Without one the page offers to sign in. */
  readonly viewer?: Viewer | undefined;
  readonly body: Html;
  /** For tables and statements; else the width of reading. */
  readonly wide?: boolean;
}

/** The one frame of all pages. No script or style stands in it: the content security policy would refuse them. */
export function page({ title, viewer, body, wide = false }: PageParts): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} - Tidewaiter</title>
<link rel="stylesheet" href="${assetUrl("pages.css")}">
<link rel="icon" href="${assetUrl("icon.svg")}" type="image/svg+xml">
<script src="${assetUrl("pages.js")}" type="module"></script>
<script src="${assetUrl("passkeys.js")}" type="module"></script>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>
<a class="brand" href="/">Tidewaiter</a>
${viewer === undefined ? html`<nav aria-label="Account"></nav>` : account(viewer)}
</header>
<main id="content" class="${wide ? "wide" : "narrow"}">
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`;
}

function account(viewer: Viewer): Html {
  return html`<nav aria-label="Account"><a href="/reviews">Reviews</a><a href="/account/second-factors">${viewer.name}</a>
<form method="post" action="/sign-out">${formToken(viewer)}<button class="plain">Sign out</button></form></nav>`;
}

/** Stands in every form that a signed-in person sends. */
export function formToken(viewer: Viewer): Html {
  return html`<input type="hidden" name="${FORM_TOKEN}" value="${viewer.formToken}">`;
}

export const FORM_TOKEN = "_form";

/** `problem` is read aloud at once, the others when their turn comes. */
export function notice(kind: "problem" | "done" | "hint", text: Html | string): Html {
  return html`<p class="notice ${kind}" role="${kind === "problem" ? "alert" : "status"}">${text}</p>`;
}

/** A small table of names and values. */
export function facts(rows: readonly (readonly [string, Html | string | number | undefined])[]): Html {
  const shown = rows.filter(([, value]) => value !== undefined && value !== "");
  return html`<dl class="facts">${shown.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}
