import { z } from "zod";
import { type PageRoute, pageRoute } from "../../http/page-route.ts";
import type { Services } from "../../services.ts";
import { html } from "../../web/html.ts";
import { notice, page } from "../../web/page.ts";

/** Where the link of a mail leads. A program that only looks at the links of mails is not signed in, and uses none up. */
export function notificationPages({ store, notificationLinks }: Services): PageRoute[] {
  return [
    pageRoute({
      method: "GET",
      url: "/n/:token",
      access: { permission: "self.read" },
      params: z.object({ token: z.string().min(1).max(200) }),
      async handle({ params, caller, viewer }) {
        const id = notificationLinks.read(params.token);
        const opened = id && (await store.units.notifications.open({ id, principalId: caller.id }));
        if (opened) return { redirect: opened.path };
        const body = html`${notice("hint", "This link was used already, is out of date, or was sent to somebody else.")}
<p><a href="/reviews">What waits for you</a></p>`;
        return { html: page({ title: "This link leads no further", viewer, body }), status: 404 };
      },
    }),
  ];
}
