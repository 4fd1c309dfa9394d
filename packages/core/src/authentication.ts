import type { Principal } from "./principal.ts";

export interface ScramAccount {
  /** Base64. One salt and iteration count per principal, so that the client proves before we know which secret it holds. */
  readonly salt: string;
  readonly iterations: number;
  /** Keys in base64, 32 bytes each. */
  readonly verifiers: readonly { readonly id: string; readonly storedKey: string; readonly serverKey: string }[];
}

export type AuthenticationProof =
  | { readonly type: "secret"; readonly principalName: string; readonly secretId: string }
  /** All bytes of an X.509 certificate in base64, whose key the client has proven to hold. */
  | { readonly type: "certificate"; readonly principalName: string; readonly certificate: string }
  /** `SHA256:...` of a public key whose private half an SSH client has proven to hold; the name where the client says one. */
  | { readonly type: "ssh_key"; readonly fingerprint: string; readonly principalName?: string }
  /** An OpenSSH user certificate (the blob, base64), whose key the client has proven to hold; `address`: its IP address. */
  | {
      readonly type: "ssh_certificate";
      readonly principalName: string;
      readonly certificate: string;
      readonly address: string;
    }
  /** A login by browser that was approved; the connection that asked for it, once. */
  | { readonly type: "browser_login"; readonly id: string }
  | { readonly type: "access_token"; readonly token: string };

export type AuthenticationResult =
  | {
      readonly ok: true;
      readonly principal: Principal;
      readonly secretId?: string;
      readonly resourceName?: string;
      /** The proof carries less than the principal may; give it on to `authorizeSession`. */
      readonly mandateId?: string;
      /** What the proof comes from: the session ends with it. Give it on as well. */
      readonly signInId?: string;
    }
  | {
      readonly ok: false;
      /** `foreign`: a certificate that no authority of ours has issued for this use. */
      readonly reason: "expired" | "revoked" | "used_up" | "unknown" | "disabled" | "foreign" | "other_principal";
      readonly expiredAt?: string;
      /** Of a secret for one resource. */
      readonly resourceName?: string;
    };
