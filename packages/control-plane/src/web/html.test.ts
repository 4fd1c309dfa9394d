import { expect, it } from "vitest";
import { html } from "./html.ts";

const HOSTILE = `"><script>alert('1')</script>&\``;

it("escapes every value, in content and in attributes", () => {
  expect(html`<a title="${HOSTILE}">${HOSTILE}</a>`.toString()).toBe(
    '<a title="&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&#96;">' +
      "&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&#96;</a>",
  );
});

it("takes its own kind as it is, lists one after the other, and leaves nothing for nothing", () => {
  const items = ["<1>", "2"].map((text) => html`<li>${text}</li>`);
  expect(html`<ul>${items}</ul>${undefined}${null}${false}${0}`.toString()).toBe(
    "<ul><li>&lt;1&gt;</li><li>2</li></ul>0",
  );
});

it("takes nothing else for its own kind", () => {
  const forged = { toString: () => "<b>" } as unknown as string;
  expect(() => html`${forged}`.toString()).toThrow();
});
