import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { answer } from "../../api/client.ts";
import type { GrantedTokens } from "../../api/shapes.ts";
import type { CommandContext } from "../../context.ts";
import { CliError } from "../../errors.ts";
import type { SignInPlace } from "./login.ts";
import { openBrowser } from "./open-browser.ts";

const PATIENCE_MS = 10 * 60_000;

/**
 * The browser of this computer signs in at the server and brings a code to a port that only this computer reaches
 * (RFC 8252). The code is worth nothing without the verifier that never leaves this process (RFC 7636).
 */
export async function signInByBrowser(
  context: CommandContext,
  { api, server }: SignInPlace,
  client: string,
): Promise<GrantedTokens> {
  const codeVerifier = randomBytes(32).toString("base64url");
  const state = randomBytes(32).toString("base64url");
  const challenge = createHash("sha256").update(codeVerifier).digest("base64url");
  const listener = await listen(state);
  try {
    const port = String((listener.server.address() as AddressInfo).port);
    const url = `${server}/command-line?${new URLSearchParams({ port, state, challenge, client })}`;
    context.output.note("Your browser opens to sign in. If it does not, open this yourself:");
    context.output.note(url);
    context.output.note("No browser on this computer? Ctrl-C, then: tw login --device");
    openBrowser(url, context.env.variables);
    const code = await listener.code;
    return await answer(api.POST("/v1/login/code", { body: { code, codeVerifier } }));
  } finally {
    listener.server.close();
    listener.server.closeAllConnections();
  }
}

interface Listener {
  readonly server: Server;
  readonly code: Promise<string>;
}

/** Takes one callback with our state; whatever else comes to the port is turned away. */
async function listen(state: string): Promise<Listener> {
  const found = Promise.withResolvers<string>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    const code = url.searchParams.get("code") ?? "";
    const ours = url.pathname === "/callback" && sameText(url.searchParams.get("state") ?? "", state) && code !== "";
    response.writeHead(ours ? 200 : 404, {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      connection: "close",
    });
    response.end(ours ? DONE : "");
    if (ours) found.resolve(code);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    // The address of the loopback and no name: a name may be resolved to somewhere else (RFC 8252, section 8.3).
    server.listen(0, "127.0.0.1", resolve);
  });
  const timer = setTimeout(() => {
    found.reject(new CliError("not_signed_in", "nobody signed in within ten minutes", { next: "tw login" }));
  }, PATIENCE_MS);
  return { server, code: found.promise.finally(() => clearTimeout(timer)) };
}

const DONE = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<title>Signed in - Tidewaiter</title><h1>The command line is signed in</h1><p>You can close this page.</p></html>
`;

function sameText(one: string, other: string): boolean {
  const [left, right] = [one, other].map((text) => createHash("sha256").update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}
