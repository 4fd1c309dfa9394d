import type { Duplex } from "node:stream";
import type { AuthenticationResult, SessionHost } from "@tidewaiter/core";
import type { KeyboardAuthContext } from "ssh2";
import type { SshUserName } from "./user-name.ts";

export interface KeyboardInteractiveOptions {
  readonly host: Pick<SessionHost<Duplex>, "controlPlane" | "requestBrowserLogin">;
  /** Judges a connection secret; undefined = it is none. */
  readonly bySecret: (secret: string) => Promise<AuthenticationResult | undefined>;
  /** Is told how long a client may wait that signs in by browser. */
  readonly waitsUntil: (instant: number) => void;
  /** Aborted when the client has left. */
  readonly gone: AbortSignal;
}

/** Programs that have a password at hand, as JSch and sshpass, answer what ends like this, and nothing else. */
const ASKED = "Password: ";
const WHICH = "It is a connection secret; with an empty one you sign in by browser.";

/**
 * Authentication by questions (RFC 4256). OpenSSH and PuTTY try it before passwords, so whoever names a principal, to whom a
 * secret may belong, is asked for it first. Everybody else, and an empty answer, gets a link to sign in under.
 */
export async function byKeyboardInteractive(
  context: KeyboardAuthContext,
  name: SshUserName,
  options: KeyboardInteractiveOptions,
): Promise<AuthenticationResult | undefined> {
  if (name.principal !== undefined) {
    const answer = await ask(context, options.gone);
    if (answer !== "") return answer === undefined ? undefined : options.bySecret(answer);
  }
  return byBrowser(context, name, options);
}

/** Resolves to undefined when no answer comes any more. */
function ask(context: KeyboardAuthContext, gone: AbortSignal): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  gone.addEventListener("abort", () => resolve(undefined), { once: true });
  // an error in place of answers: the client has turned to another method
  context.prompt([{ prompt: ASKED, echo: false }], "Tidewaiter", WHICH, (answers) =>
    resolve(Array.isArray(answers) ? (answers[0] ?? "") : undefined),
  );
  return promise;
}

/** A link is shown, and the answer waits until somebody has signed in under it. */
async function byBrowser(
  context: KeyboardAuthContext,
  { resource }: SshUserName,
  { host, waitsUntil, gone: left }: KeyboardInteractiveOptions,
): Promise<AuthenticationResult | undefined> {
  const ticket = await host.requestBrowserLogin({ resourceName: resource, application: "ssh" });
  if (ticket.state === "refused") return undefined;
  if (ticket.state === "waiting") {
    waitsUntil(Date.parse(ticket.expiresAt));
    const gone = Promise.withResolvers<undefined>();
    context.once("abort", () => gone.resolve(undefined));
    left.addEventListener("abort", () => gone.resolve(undefined), { once: true });
    const until = `${ticket.expiresAt.slice(11, 16)} UTC`;
    context.prompt(
      [],
      "Tidewaiter",
      `Sign in to reach ${resource}: ${ticket.link}\nThe page asks for the code ${ticket.code}. Sign in only for a connection of your own.\nThis one waits until ${until}; with a key there is nothing to wait for: tw ssh ${resource}`,
      () => {},
    );
    const standing = await Promise.race([ticket.decided, gone.promise]);
    if (standing?.state !== "approved") {
      void ticket.withdraw();
      return undefined;
    }
  }
  return host.controlPlane.authenticate({ type: "browser_login", id: ticket.id });
}
