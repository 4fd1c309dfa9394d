import type { AccessLevel } from "@tidewaiter/core";
import type { SecretStore, WrappingKey } from "@tidewaiter/secret-stores";
import type { BlobStore } from "./blobs/blob-store.ts";
import type { IdentityProvider } from "./features/login/identity.ts";
import type { ToOperations } from "./features/policies/service.ts";
import type { TargetSchemas } from "./features/resources/target.ts";
import type { ControlPlaneStore, StoreSettings } from "./storage/open-store.ts";

/** Where people and agents find us; told to them by `GET /v1/me` and by joining. */
export interface Endpoints {
  readonly postgres: {
    readonly host: string;
    readonly port: number;
    readonly tls: boolean;
    /** PEM of the root that signed the gateway's certificate, where it is a local one. */
    readonly caPem?: string;
  };
  /** Absent: there is no listener for SSH. */
  readonly ssh?: {
    readonly host: string;
    readonly port: number;
    /** Type and base64, as in known_hosts. */
    readonly hostKey: string;
    /** As in a .pub file: signs the certificates of all gateways of the installation. */
    readonly hostAuthority?: string;
  };
  /** Absent: there is no listener for the Kubernetes API. */
  readonly kubernetes?: {
    readonly host: string;
    readonly port: number;
    /** Whom to trust for RESOURCE.domain, whatever certificate the operator has given for the host itself. */
    readonly caPem: string;
    /** RESOURCE.domain as TLS server name chooses the cluster. It stands in no DNS. */
    readonly domain: string;
  };
  /** Base URL of the API and of review links. */
  readonly web: string;
  readonly gatewayId: string;
  /** At most 16: an agent keeps a tunnel to each. */
  readonly tunnelUrls: readonly string[];
}

/** One thing that a check of a resource found. */
export interface Finding {
  readonly severity: "ok" | "info" | "warning" | "problem";
  readonly code: string;
  readonly message: string;
}

export interface ControlPlaneDeps {
  readonly store: StoreSettings;
  /** Made with mode 0600 at the first start; refused when others can read it. */
  readonly masterKeyFile: string;
  /** Kept elsewhere (KMS, Vault transit): the master keys in the file are wrapped by it. Default: they stand there as they are. */
  readonly masterKeyWrapping?: WrappingKey;
  readonly blobs: BlobStore;
  /** Target schemas by protocol name. */
  readonly protocols: TargetSchemas;
  /** Asked at each use, since a port may only be known once it listens. */
  readonly endpoints: () => Endpoints;
  /** For `policies/test` and `policies/explain`; without it both answer that they are not available. */
  readonly toOperations?: ToOperations;
  /** Dials the resource and says what its target role can do that it should not. */
  readonly checkResource?: (name: string, level: AccessLevel) => Promise<readonly Finding[]>;
  /** Where secrets are kept elsewhere; default nowhere, so that no reference can be used. */
  readonly secretStores?: readonly SecretStore[];
  /**
   * Networks (CIDR) inside, such as `10.20.0.0/16`, that notifications may be sent to. Default none: an administrator of
   * channels reaches the outside only, over TLS.
   */
  readonly notificationNetworks?: readonly string[];
  /** False for programs that only do something to the store. Default true. */
  readonly sendNotifications?: boolean;
  /** Default: principals with passwords in the store. */
  readonly identity?: (store: ControlPlaneStore) => IdentityProvider;
  /** Whoever signs in with a password needs a second factor. Default: only those who added one. */
  readonly requireSecondFactor?: boolean;
  /** Milliseconds since the epoch. Default: the system's clock. */
  readonly now?: () => number;
  /** Default 15 min; a refresh token gives the next one. */
  readonly accessTokenLifeMs?: number;
  /** The longest life of an API key; default 90 days. */
  readonly apiKeyMaxLifeS?: number;
  /** How long one signing in holds, in a browser or on the command line. Default 12 h. */
  readonly signInLifeMs?: number;
  /**
   * Addresses or CIDR ranges of reverse proxies whose `X-Forwarded-For` is believed. Default none: behind a proxy that
   * is not named here all clients share one address, and with it the limit on attempts to sign in.
   */
  readonly trustedProxies?: readonly string[];
  /** Pino's destination for the API's log; default none. Bodies, headers and tokens are never logged. */
  readonly log?: { write(line: string): void };
  /** Of `log`, in pino's words. Default `info`. */
  readonly logLevel?: string;
}
