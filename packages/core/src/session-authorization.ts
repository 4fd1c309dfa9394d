import type { Principal } from "./principal.ts";
import type { AccessLevel, Resource } from "./resource.ts";
import type { OpenedCredential } from "./target-credential.ts";

export interface SessionRequest {
  readonly gatewayId: string;
  readonly principalId: string;
  readonly secretId?: string;
  /** As `authenticate` answered. A secret's own is found by the secret. */
  readonly mandateId?: string;
  readonly signInId?: string;
  readonly resourceName: string;
  readonly protocol: string;
  /** Absent = the lowest level that has a credential, up to the one granted. */
  readonly level?: AccessLevel;
  /** The user at the target, in place of a level: the lowest granted level whose credential is of that name. */
  readonly login?: string;
  readonly client: { readonly address: string; readonly application?: string };
  /** What the client asked for at the target, such as a database name; shown and recorded, never trusted. */
  readonly detail: Readonly<Record<string, string>>;
}

export type SessionAuthorization =
  | { readonly ok: true; readonly session: AuthorizedSession }
  | {
      readonly ok: false;
      readonly reason:
        | "resource_unknown"
        | "no_grant"
        | "level_not_granted"
        | "secret_other_resource"
        | "principal_disabled"
        | "protocol_mismatch"
        | "agent_offline";
      /** Only for a principal that has been authenticated: why. */
      readonly detail: string;
      /** The command that asks for it, where this principal may ask. */
      readonly next?: string;
      readonly agentName?: string;
      readonly agentLastSeen?: string;
    };

/** As `authenticate` answered. */
export interface ReachableRequest {
  readonly principalId: string;
  readonly secretId?: string;
  readonly mandateId?: string;
  readonly protocol: string;
}

export interface ReachableResources {
  readonly resources: readonly ReachableResource[];
  /** There are more than are listed. */
  readonly more: boolean;
}

export interface ReachableResource {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Those that are granted and have a credential, lowest first; never empty. */
  readonly levels: readonly AccessLevel[];
}

/** Made by `authorizeSession` and by nothing else. */
export interface AuthorizedSession {
  readonly id: string;
  readonly principal: Principal;
  readonly resource: Resource;
  readonly level: AccessLevel;
  readonly grantId: string;
  readonly startedAt: string;
  readonly leaseExpiresAt: string;
  readonly policyVersion: number;
  readonly agentId: string;
  /** JWS for the agent: one address, this session, short expiry. Renewed with the lease. */
  readonly sessionGrant: string;
  /** 32 random bytes in base64, wrapped by the master key in `wrapped`: seals this session's recording. */
  readonly recordingKey: { readonly keyId: string; readonly key: string; readonly wrapped: string };
  /** Base64; keyed tokens (`token` masks, literals in recordings) are HMACs under it, stable across sessions. */
  readonly tokenKey: string;
}

export interface CheckRequest {
  readonly gatewayId: string;
  readonly resourceName: string;
  readonly level: AccessLevel;
}

export type CheckAuthorization =
  | {
      readonly ok: true;
      readonly resource: Resource;
      readonly credential: OpenedCredential;
      readonly agentId: string;
      readonly sessionGrant: string;
    }
  | { readonly ok: false; readonly detail: string };

/** Why no session starts, in one sentence or two, for clients that show a single text. */
export function refusalInWords({ detail, next }: Extract<SessionAuthorization, { ok: false }>): string {
  return next === undefined ? detail : `${detail}. Ask: ${next}`;
}
