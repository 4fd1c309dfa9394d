/** A browser as far as the pages need one: it keeps its cookies, follows redirects and sends forms. */
export class FormBrowser {
  readonly #web: string;
  readonly #cookies = new Map<string, string>();

  constructor(web: string) {
    this.#web = web;
  }

  async open(path: string): Promise<{ readonly status: number; readonly text: string; readonly url: string }> {
    return this.#send(new URL(path, this.#web).href, {});
  }

  /** Sends the form of a page with these fields, and the hidden ones that stand in it. */
  async submit(page: { readonly text: string; readonly url: string }, fields: Readonly<Record<string, string>>) {
    const form = page.text.slice(page.text.indexOf("<main"));
    const hidden = [...form.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)];
    const known = Object.fromEntries(hidden.map(([, name = "", value = ""]) => [name, value.replaceAll("&amp;", "&")]));
    const action = /<form[^>]* action="([^"]+)"/.exec(form)?.[1] ?? page.url;
    return this.#send(new URL(action, page.url).href, {
      method: "POST",
      body: new URLSearchParams({ ...known, ...fields }).toString(),
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
  }

  async signIn(path: string, name: string, password: string) {
    return this.submit(await this.open(path), { name, password });
  }

  async #send(url: string, init: { method?: string; body?: string; headers?: Record<string, string> }) {
    let answer = await fetch(url, { ...init, headers: this.#headers(init.headers), redirect: "manual" });
    let at = url;
    for (let hops = 0; hops < 5 && answer.status === 303; hops++) {
      this.#keep(answer);
      at = new URL(answer.headers.get("location") ?? "/", this.#web).href;
      answer = await fetch(at, { headers: this.#headers(), redirect: "manual" });
    }
    this.#keep(answer);
    return { status: answer.status, text: await answer.text(), url: at };
  }

  #headers(more: Record<string, string> = {}): Record<string, string> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    return { ...more, origin: this.#web, "sec-fetch-site": "same-origin", ...(cookie === "" ? {} : { cookie }) };
  }

  #keep(answer: Response): void {
    for (const line of answer.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      this.#cookies.set(name, value);
    }
  }
}
