import { CookieClient } from "@tidewaiter/testkit";
import type { Answer } from "./read-everything.ts";
import type { World } from "./world.ts";

const LIMIT = 200;

/** Every page that an administrator's browser gets to by links, from the start page and those for codes on. */
export async function readPages({ gateway }: World): Promise<readonly Answer[]> {
  const client = new CookieClient();
  const { baseUrl, adminPassword } = gateway;
  await client.submit(await client.get(`${baseUrl}/sign-in`), { name: "admin", password: adminPassword });
  const answers = new Map<string, Answer>();
  const waiting = ["/", "/device", "/account/second-factors"];
  for (let path = waiting.pop(); path !== undefined && answers.size < LIMIT; path = waiting.pop()) {
    if (answers.has(path)) continue;
    const { status, body } = await client.get(`${baseUrl}${path}`);
    answers.set(path, { route: "pages", path, granted: status === 200, text: body });
    for (const [, href = ""] of body.matchAll(/<a[^>]*href="([^"]+)"/g)) {
      const link = new URL(href.replaceAll("&amp;", "&"), `${baseUrl}${path}`);
      // the provider's pages are not ours
      if (link.origin === baseUrl && !link.pathname.startsWith("/sign-in/"))
        waiting.push(`${link.pathname}${link.search}`);
    }
  }
  return [...answers.values()];
}
