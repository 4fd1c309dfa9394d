import { parseCookie, stringifySetCookie } from "cookie";

/** A cookie that an answer sets; without a value it is deleted. */
export interface CookieChange {
  readonly name: CookieName;
  readonly value: string | undefined;
  /** Seconds; default until the browser is closed. */
  readonly maxAge?: number;
}

/**
 * `tw_session` holds who signed in; `tw_pending` a sign-in at a provider that is under way; `tw_factor` one whose password
 * was right and whose second factor is missing.
 */
export type CookieName = "tw_session" | "tw_pending" | "tw_factor";

/**
 * Over https a cookie is named `__Host-`, which a browser takes only from this very host, over TLS and for all paths, so
 * that a neighbour domain cannot plant one (RFC 6265bis, 4.1.3.2). Over http, which is for this machine only, that is
 * not possible.
 */
function nameFor(name: CookieName, secure: boolean): string {
  return secure ? `__Host-${name}` : name;
}

/** Lax, so that a link from elsewhere (a review in a chat) finds its reader signed in. */
export function setCookie({ name, value, maxAge }: CookieChange, secure: boolean): string {
  const gone = value === undefined;
  const life = gone ? { maxAge: 0 } : maxAge === undefined ? {} : { maxAge };
  const attributes = { httpOnly: true, secure, sameSite: "lax", path: "/", ...life } as const;
  return stringifySetCookie({ name: nameFor(name, secure), value: value ?? "", ...attributes });
}

const HEADER_LIMIT = 8192;

/** The one value under that name. Two of them are an attempt to slip one in: then there is none. */
export function readCookie(header: string | undefined, name: CookieName, secure: boolean): string | undefined {
  if (header === undefined || header.length > HEADER_LIMIT) return undefined;
  const wanted = nameFor(name, secure);
  if (header.split(";").filter((pair) => pair.trim().startsWith(`${wanted}=`)).length !== 1) return undefined;
  return parseCookie(header)[wanted];
}
