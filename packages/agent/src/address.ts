import { isIPv6 } from "node:net";
import { posix } from "node:path";

/** Where a target listens. Host names are lower case without final dot, IPv6 addresses without brackets. */
export type Address =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/** sockaddr_un.sun_path less its final zero. */
const MAX_UNIX_PATH_BYTES = 107;
const HOST_PORT = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]{1,253}|\*)):(\d{1,5}|\*)$/i;

/** Reads `host:port`, `[ipv6]:port` or `unix:/path`; undefined for anything else. */
export function parseAddress(text: string): Address | undefined {
  if (text.startsWith("unix:")) return parseUnix(text.slice("unix:".length));
  const parts = splitHostPort(text);
  if (parts === undefined || parts.host === "*" || parts.port === "*") return undefined;
  return { kind: "tcp", host: parts.host, port: parts.port };
}

/** As parseAddress, but host and port may each be `*`. */
export function splitHostPort(text: string): { host: string; port: number | "*" } | undefined {
  const match = HOST_PORT.exec(text);
  if (match === null) return undefined;
  const [, ipv6, name, portText] = match;
  if (ipv6 !== undefined && !isIPv6(ipv6)) return undefined;
  const host = (ipv6 ?? name ?? "").toLowerCase().replace(/\.$/, "");
  const port = portText === "*" ? "*" : Number(portText);
  if (host === "" || port === 0 || (port !== "*" && port > 65_535)) return undefined;
  return { host, port };
}

function parseUnix(path: string): Address | undefined {
  // A normal form only: `/a/../b` must not pass for a path that was allowed.
  const valid = path.startsWith("/") && posix.normalize(path) === path && !path.includes("\0");
  return valid && Buffer.byteLength(path) <= MAX_UNIX_PATH_BYTES ? { kind: "unix", path } : undefined;
}
