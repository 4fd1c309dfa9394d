import type { Harness } from "./running.ts";

const WEB = "http://127.0.0.1:8080";
export const OWN_ORIGIN = { origin: WEB, "sec-fetch-site": "same-origin" };

/** A browser's requests without a browser: a session by cookie, forms with their token. */
export async function browserSession(harness: Harness, name: string, password = `${name}-has-a-long-password`) {
  const send = (method: "GET" | "POST", url: string, form?: Record<string, string>, headers = {}) =>
    harness.running.app.inject({
      method,
      url,
      headers: {
        ...(method === "POST" && { "content-type": "application/x-www-form-urlencoded", ...OWN_ORIGIN }),
        ...headers,
      },
      ...(form !== undefined && { payload: new URLSearchParams(form).toString() }),
    });
  const signedIn = await send("POST", "/sign-in", { name, password, next: "/" });
  if (signedIn.statusCode !== 303) throw new Error(`sign-in of ${name}: ${signedIn.statusCode} ${signedIn.body}`);
  const [cookie = ""] = String(signedIn.headers["set-cookie"]).split(";");
  const get = (url: string, as: string = cookie) => send("GET", url, undefined, { cookie: as });
  return {
    cookie,
    get,
    /** With the token of the page's own form, or another one. */
    async post(url: string, form: Record<string, string>, more: { token?: string; headers?: object } = {}) {
      const token = more.token ?? /name="_form" value="([^"]+)"/.exec((await get("/")).body)?.[1] ?? "";
      return send("POST", url, { ...form, _form: token }, { cookie, ...more.headers });
    },
  };
}
