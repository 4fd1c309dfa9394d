import type { Duplex } from "node:stream";
import type { AuthenticationResult, BrowserLoginTicket, SessionHost } from "@tidewaiter/core";
import { sendAuthenticationOk } from "../accept-client/accept-client.ts";
import type { ClientLogin } from "../accept-client/options.ts";
import { encodeNotice } from "../encode-backend.ts";
import { type ErrorText, errorFields, SQLSTATE } from "../errors.ts";
import { HandshakeReader } from "../handshake-reader.ts";
import { FRONTEND } from "../messages.ts";
import { notSignedIn } from "./refusals.ts";

type Ticket = Extract<BrowserLoginTicket, { state: "waiting" }>;

/**
 * Signs in a client that has no secret. AuthenticationOk comes first, since libpq fails on a notice before it; then a
 * notice with a link, and ReadyForQuery is withheld until somebody has signed in there. Nothing is dialled meanwhile.
 * @returns `refused: undefined` when the client left
 */
export async function signInByBrowser(
  login: ClientLogin,
  host: SessionHost<Duplex>,
  resourceName: string,
): Promise<AuthenticationResult | { readonly refused: ErrorText | undefined }> {
  const application = login.parameters.get("application_name");
  const ticket = await host.requestBrowserLogin({ resourceName, ...(application !== undefined && { application }) });
  sendAuthenticationOk(login.stream);
  if (ticket.state === "refused") return { refused: notSignedIn(resourceName, ticket.reason) };
  const outcome = ticket.state === "approved" ? ticket : await waitFor(ticket, login.stream, host.signal, resourceName);
  if ("refused" in outcome) return outcome;
  tell(login.stream, { code: "00000", message: `signed in as ${outcome.principalName} by browser` });
  const identified = await host.controlPlane.authenticate({ type: "browser_login", id: ticket.id });
  if (identified.ok) return identified;
  // Revoked, or ended, in the moment between.
  return { refused: notSignedIn(resourceName, "withdrawn") };
}

async function waitFor(ticket: Ticket, stream: Duplex, shutdown: AbortSignal, resourceName: string) {
  const until = `${ticket.expiresAt.slice(11, 16)} UTC`;
  tell(stream, {
    code: "00000",
    message: `sign in to reach ${resourceName}: ${ticket.link}   code ${ticket.code}`,
    detail: `The page asks for the code. Sign in only for a connection of your own. This one waits until ${until}.`,
    hint: `With a connection secret there is nothing to wait for: tw connect ${resourceName}`,
  });
  const waiting = new AbortController();
  const stop = () => waiting.abort(shutdown.reason);
  shutdown.addEventListener("abort", stop, { once: true });
  if (shutdown.aborted) stop();
  try {
    const standing = await Promise.race([ticket.decided, untilHeard(stream, waiting.signal)]);
    if (standing.state === "over") return { refused: standing.why };
    return standing.state === "approved" ? standing : { refused: notSignedIn(resourceName, standing.state) };
  } finally {
    shutdown.removeEventListener("abort", stop);
    waiting.abort();
    void ticket.withdraw();
  }
}

interface Over {
  readonly state: "over";
  /** Undefined: the client left. */
  readonly why: ErrorText | undefined;
}

/** A client has nothing to say before ReadyForQuery but that it leaves. */
async function untilHeard(stream: Duplex, signal: AbortSignal): Promise<Over> {
  const left = { state: "over", why: undefined } as const;
  try {
    const type = await new HandshakeReader(stream, signal).peek();
    if (type === FRONTEND.Terminate) return left;
    const message = "nothing can be sent before somebody has signed in for this connection";
    return { state: "over", why: { code: SQLSTATE.protocolViolation, message } };
  } catch {
    if (!signal.aborted || stream.destroyed) return left;
    const message = "terminating connection due to administrator command";
    return { state: "over", why: { code: SQLSTATE.adminShutdown, message } };
  }
}

function tell(stream: Duplex, text: ErrorText): void {
  stream.write(encodeNotice(errorFields("NOTICE", text)));
}
