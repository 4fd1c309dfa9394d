import { CliError } from "../errors.ts";

/** Where clear text stays on this machine. */
const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/**
 * A server's base URL. Clear-text HTTP only to this machine: a password and tokens would travel in it.
 * @throws CliError `usage`
 */
export function parseServerUrl(text: string): string {
  const url = URL.parse(text.includes("://") ? text : `https://${text}`);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new CliError("usage", `--server ${text}: not a URL`, { next: "tw login --server https://gw.example" });
  }
  if (url.username !== "" || url.password !== "") {
    throw new CliError("usage", "--server must not hold a user or password", {
      why: "a secret in a URL ends up in histories and logs",
      next: "tw login --server URL asks for both",
    });
  }
  if (url.protocol === "http:" && !LOOPBACK.has(url.hostname)) {
    throw new CliError("usage", `--server ${url.origin}: not over clear-text HTTP`, {
      why: "your password and token could be read on the way",
      next: `tw login --server https://${url.host}`,
    });
  }
  return url.origin;
}
