/** In place of a browser where there is none: keeps cookies by origin, follows redirects, fills in forms. */
export class CookieClient {
  readonly #cookies = new Map<string, Map<string, string>>();
  #stop: string | undefined;

  /** Follows redirects until there is a page. */
  async get(url: string): Promise<Visited> {
    return this.#send(new URL(url), { method: "GET" });
  }

  /** Sends the page's form, and stops before an address that begins so: resolves to it. */
  async submitUntil(page: Visited, fields: Record<string, string>, stop: string, which = 0): Promise<string> {
    this.#stop = stop;
    try {
      return (await this.submit(page, fields, which)).url;
    } finally {
      this.#stop = undefined;
    }
  }

  /** Sends the page's form with the given fields beside its hidden ones. */
  async submit(page: Visited, fields: Record<string, string>, which = 0): Promise<Visited> {
    const form = [...page.body.matchAll(/<form[^>]*action="([^"]+)"[^>]*>([\s\S]*?)<\/form>/g)][which];
    if (form === undefined) throw new Error(`there is no form on ${page.url}: ${page.body.slice(0, 500)}`);
    const hidden = [...(form[2] ?? "").matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([tag]) => [
      unescaped(/name="([^"]*)"/.exec(tag)?.[1] ?? ""),
      unescaped(/value="([^"]*)"/.exec(tag)?.[1] ?? ""),
    ]);
    const body = new URLSearchParams({ ...Object.fromEntries(hidden), ...fields });
    const method = /method="([a-z]+)"/.exec(form[0])?.[1];
    if (method === "get") return this.get(new URL(`${unescaped(form[1] ?? "")}?${body}`, page.url).href);
    return this.#send(new URL(unescaped(form[1] ?? ""), page.url), { method: "POST", body }, page.url);
  }

  cookie(origin: string, name: string): string | undefined {
    return this.#cookies.get(origin)?.get(name);
  }

  async #send(start: URL, init: RequestInit, from?: string): Promise<Visited> {
    let url = start;
    let next: RequestInit = init;
    for (let hops = 0; hops < 20; hops++) {
      const cookies = [...(this.#cookies.get(url.origin) ?? [])].map(([name, value]) => `${name}=${value}`).join("; ");
      const origin = from === undefined ? {} : { origin: new URL(from).origin };
      const headers = { ...(cookies === "" ? {} : { cookie: cookies }), ...(next.method === "POST" ? origin : {}) };
      const response = await fetch(url, { ...next, headers, redirect: "manual" });
      this.#keep(url.origin, response.headers.getSetCookie());
      const location = response.headers.get("location");
      if (location === null || response.status < 300 || response.status > 399) {
        return { url: url.href, status: response.status, body: await response.text() };
      }
      await response.body?.cancel();
      url = new URL(location, url);
      if (this.#stop !== undefined && url.href.startsWith(this.#stop)) return { url: url.href, status: 0, body: "" };
      next = { method: "GET" };
    }
    throw new Error(`too many redirects, at last to ${url.href}`);
  }

  #keep(origin: string, changes: readonly string[]): void {
    const known = this.#cookies.get(origin) ?? new Map<string, string>();
    this.#cookies.set(origin, known);
    for (const change of changes) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(change) ?? [];
      if (value === "" || /max-age=0\b/i.test(change) || /expires=Thu, 01 Jan 1970/i.test(change)) known.delete(name);
      else known.set(name, value);
    }
  }
}

export interface Visited {
  readonly url: string;
  readonly status: number;
  readonly body: string;
}

function unescaped(text: string): string {
  return text
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&amp;/g, "&");
}
