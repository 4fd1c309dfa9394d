const NOWHERE = "http://nowhere.invalid";

/** Where to go after signing in: a path of ours, else the start. An address elsewhere would make us send people there. */
export function nextPage(wanted: string | undefined): string {
  if (wanted === undefined || !wanted.startsWith("/") || wanted.length > 2000) return "/";
  const url = URL.parse(wanted, NOWHERE);
  // A browser takes `//host` and `/\host` for another host; so does URL.
  return url === null || url.origin !== NOWHERE ? "/" : `${url.pathname}${url.search}${url.hash}`;
}
