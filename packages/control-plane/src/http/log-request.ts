import type { FastifyRequest } from "fastify";

/** The shortest of our one-time tokens has 43 characters; ids are shorter. */
const TOKEN = /^[A-Za-z0-9_.~-]{40,}$/;

/** What a log says of a request: no query, in which codes and links travel, and no one-time link. */
export function loggedRequest({ method, url, host, ip }: Pick<FastifyRequest, "method" | "url" | "host" | "ip">) {
  return { method, url: loggedPath(url), host, remoteAddress: ip };
}

export function loggedPath(url: string): string {
  const [path = "", ...query] = url.split("?");
  const shown = path.split("/").map((part) => (TOKEN.test(part) ? "..." : part));
  return shown.join("/") + (query.length === 0 ? "" : "?...");
}
