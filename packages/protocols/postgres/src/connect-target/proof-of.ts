import type { TargetCredential } from "@tidewaiter/core";
import { TargetConnectError } from "./target-connect-error.ts";

/** What a credential proves its user with. @throws TargetConnectError `credential_type` */
export function proofOf(credential: TargetCredential): {
  readonly password?: string;
  readonly tls: { readonly cert?: string; readonly key?: string };
} {
  switch (credential.type) {
    case "password":
      return { password: credential.password, tls: {} };
    case "certificate":
      return { tls: { cert: credential.certificatePem, key: credential.privateKeyPem } };
    case "trust":
      return { tls: {} };
    default:
      throw new TargetConnectError("credential_type", `it is of type ${credential.type}`);
  }
}
