import type { Duplex } from "node:stream";
import type { AuthenticationResult, LiveSession, SessionHost } from "@tidewaiter/core";
import type { ClientLogin } from "../accept-client/options.ts";
import type { ErrorText } from "../errors.ts";
import { signInByBrowser } from "./browser-login.ts";
import { chooseResource } from "./choose-resource.ts";
import { noResourceNamed, notAccepted, notAuthorized, ownFailure } from "./refusals.ts";

export type Opened =
  | { readonly session: LiveSession<Duplex>; readonly database: string | undefined }
  /** Undefined: the client is gone. */
  | { readonly refused: ErrorText | undefined };

/** From a proof to an authorised session: who it is, which resource is meant, and whether that is granted. */
export async function openSession(
  login: ClientLogin,
  host: SessionHost<Duplex>,
  domain: string | undefined,
): Promise<Opened> {
  try {
    const choice = chooseResource(login, domain);
    if (login.proof.kind === "none" && choice === undefined) return { refused: noResourceNamed() };
    const identified = await identify(login, host, choice?.resourceName ?? "");
    if ("refused" in identified) return identified;
    if (!identified.ok) return { refused: notAccepted(login, identified) };
    if (choice === undefined) return { refused: noResourceNamed() };
    const opened = await host.openSession({
      principalId: identified.principal.id,
      ...(identified.secretId !== undefined && { secretId: identified.secretId }),
      ...(identified.mandateId !== undefined && { mandateId: identified.mandateId }),
      ...(identified.signInId !== undefined && { signInId: identified.signInId }),
      resourceName: choice.resourceName,
      protocol: "postgres",
      ...(login.level !== undefined && { level: login.level }),
      ...(login.parameters.get("application_name") !== undefined && {
        application: login.parameters.get("application_name") ?? "",
      }),
      detail: { ...(choice.database !== undefined && { database: choice.database }), tls: login.tls ? "yes" : "no" },
    });
    if (!opened.ok) return { refused: notAuthorized(choice.resourceName, opened) };
    return { session: opened.session, database: choice.database };
  } catch (error) {
    return { refused: ownFailure(error) };
  }
}

async function identify(
  login: ClientLogin,
  host: SessionHost<Duplex>,
  resourceName: string,
): Promise<AuthenticationResult | { readonly refused: ErrorText | undefined }> {
  const { proof } = login;
  switch (proof.kind) {
    case "certificate":
      return proof.identified;
    case "none":
      return signInByBrowser(login, host, resourceName);
    case "secret":
      return host.controlPlane.authenticate({
        type: "secret",
        principalName: login.user,
        secretId: proof.verifierId,
      });
    case "token":
      return host.controlPlane.authenticate({ type: "access_token", token: proof.token });
  }
}
