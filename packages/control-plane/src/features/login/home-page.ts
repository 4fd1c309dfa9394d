import { type PageRoute, pageRoute } from "../../http/page-route.ts";
import type { Services } from "../../services.ts";
import { html } from "../../web/html.ts";
import { facts, page } from "../../web/page.ts";

/** The first page: who one is here, and what one may reach. */
export function homePages({ store }: Services): PageRoute[] {
  return [
    pageRoute({
      method: "GET",
      url: "/",
      access: { permission: "self.read" },
      async handle({ caller, viewer }) {
        const { principal, roles, provider, expiresAt } = caller;
        const reachable = await store.units.grants.reachable({ principalId: caller.id });
        const who = facts([
          ["Name", caller.name],
          ["Signed in by", provider === "local" ? "password" : provider],
          ["Groups", principal.groups.join(", ")],
          ["Roles", roles.join(", ")],
          ["Until", utc(expiresAt)],
        ]);
        const rows = reachable.map(({ resource, level }) => html`<tr><td>${resource}</td><td>${level}</td></tr>`);
        const table = html`<div class="scroll"><table><thead><tr><th scope="col">Resource</th><th scope="col">Level</th></tr></thead><tbody>${rows}</tbody></table></div>`;
        const body = html`${who}<h2>What you may reach</h2>${rows.length > 0 ? table : html`<p>Nothing yet.</p>`}`;
        return { html: page({ title: "You are signed in", viewer, body }) };
      },
    }),
  ];
}

function utc(instant: string): string {
  return `${instant.slice(0, 16).replace("T", " ")} UTC`;
}
