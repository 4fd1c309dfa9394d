import type { Duplex } from "node:stream";
import type { LiveSession, SessionHost } from "@tidewaiter/core";
import type { ClientLogin } from "../accept-client/options.ts";
import type { ErrorText } from "../errors.ts";
import { chooseResource } from "./choose-resource.ts";
import { notAccepted, notAuthorized, ownFailure } from "./refusals.ts";

export type Opened =
  | { readonly session: LiveSession<Duplex>; readonly database: string | undefined }
  | { readonly refused: ErrorText };

/** From a proof to an authorised session: who it is, which resource is meant, and whether that is granted. */
export async function openSession(
  login: ClientLogin,
  host: SessionHost<Duplex>,
  domain: string | undefined,
): Promise<Opened> {
  try {
    const proof =
      login.proof.kind === "secret"
        ? ({ type: "secret", principalName: login.user, secretId: login.proof.verifierId } as const)
        : ({ type: "access_token", token: login.proof.token } as const);
    const identified = await host.controlPlane.authenticate(proof);
    if (!identified.ok) return { refused: notAccepted(login, identified) };
    const choice = chooseResource(login, domain);
    if (choice === undefined)
      return {
        refused: {
          code: "3D000",
          message: "no resource was named",
          hint: "Write its name as the database: dbname=RESOURCE or RESOURCE/DATABASE. tw resources list",
        },
      };
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
