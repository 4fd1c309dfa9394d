import { TidewaiterError } from "@tidewaiter/core/errors";
import type { FastifyRequest } from "fastify";

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Refuses what another site made a browser send (cross-site request forgery). Browsers say where a request comes from
 * and let no page change that: by Sec-Fetch-Site (W3C Fetch Metadata), older ones by Origin (RFC 6454). One that says
 * neither is refused as well.
 *
 * @throws `permission_missing`
 */
export function requireSameOrigin(request: FastifyRequest, ownOrigin: string): void {
  if (SAFE.has(request.method)) return;
  const site = request.headers["sec-fetch-site"];
  const { origin, host } = request.headers;
  // A page of ours may be reached under another name than the public one; Host cannot be set by a page either.
  const own = [ownOrigin, `${new URL(ownOrigin).protocol}//${host}`];
  const fits = site === undefined ? origin !== undefined && own.includes(origin) : site === "same-origin";
  if (!fits) throw new TidewaiterError("permission_missing", "this was sent by another site, so nothing was done");
}
