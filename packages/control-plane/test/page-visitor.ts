import type { Harness } from "./running.ts";

export interface VisitedPage {
  readonly status: number;
  readonly body: string;
  readonly location: string | undefined;
}

/** Visits pages as a browser does: keeps cookies, names its origin, sends forms with their hidden token. */
export class PageVisitor {
  readonly cookies = new Map<string, string>();
  readonly #harness: Pick<Harness, "running">;
  readonly #address: string;
  #token = "";

  constructor(harness: Pick<Harness, "running">, address = "127.0.0.1") {
    this.#harness = harness;
    this.#address = address;
  }

  get(url: string): Promise<VisitedPage> {
    return this.#visit("GET", url);
  }

  post(url: string, form: Record<string, string> = {}): Promise<VisitedPage> {
    return this.#visit("POST", url, new URLSearchParams({ ...form, _form: this.#token }).toString());
  }

  async #visit(method: "GET" | "POST", url: string, payload?: string): Promise<VisitedPage> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const form = payload === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" };
    const answer = await this.#harness.running.app.inject({
      method,
      url,
      remoteAddress: this.#address,
      headers: { cookie, "sec-fetch-site": "same-origin", ...form },
      ...(payload === undefined ? {} : { payload }),
    });
    for (const { name, value, maxAge } of answer.cookies) {
      if (maxAge === 0) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    this.#token = /name="_form" value="([^"]+)"/.exec(answer.body)?.[1] ?? this.#token;
    return { status: answer.statusCode, body: answer.body, location: answer.headers.location };
  }
}
